-- Members who want what is shown to be chosen for them.
SELECT CAST(program_id AS INTEGER) AS program_id, CAST(member_key AS VARCHAR(36)) AS member_key
FROM loyalty.dim_personalised;
