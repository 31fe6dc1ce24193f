-- A member's attributes over time. A change ends the version that holds now and begins the next one where it ends: when
-- the batch is loaded, and always later than the version began, whatever the clock says. A tier is no new version.
UPDATE base.member_version
SET valid_to = GREATEST(GETDATE(), DATEADD(second, 1, base.member_version.valid_from))
FROM latest_member AS s
WHERE base.member_version.program_id = s.program_id AND base.member_version.member_key = s.member_key
  AND base.member_version.valid_to IS NULL
  AND (base.member_version.country <> s.country OR base.member_version.language <> s.language
       OR base.member_version.state <> s.state);

UPDATE base.member_version
SET tier = s.tier, claimed_at = s.claimed_at, batch = :batch
FROM latest_member AS s
WHERE base.member_version.program_id = s.program_id AND base.member_version.member_key = s.member_key
  AND base.member_version.valid_to IS NULL;

INSERT INTO base.member_version (
    program_id, member_key, tier, country, language, state, joined_at, claimed_at, valid_from, valid_to, batch)
SELECT s.program_id, s.member_key, s.tier, s.country, s.language, s.state, s.joined_at, s.claimed_at,
       COALESCE(known.ended, s.joined_at), NULL, :batch
FROM latest_member AS s
LEFT JOIN (
    SELECT program_id, member_key, MAX(valid_to) AS ended, MAX(CASE WHEN valid_to IS NULL THEN 1 ELSE 0 END) AS holds
    FROM base.member_version
    GROUP BY program_id, member_key
) AS known ON known.program_id = s.program_id AND known.member_key = s.member_key
WHERE COALESCE(known.holds, 0) = 0;
