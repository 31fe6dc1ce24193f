"""The words of the portable part of SQL: functions, types and units that mean the same on Redshift and DuckDB."""

from __future__ import annotations

from sqlglot import exp

# A function that is not named here is refused.
FUNCTIONS: tuple[type[exp.Expr], ...] = (
    exp.Abs, exp.And, exp.Avg, exp.Case, exp.Cast, exp.Ceil, exp.Coalesce, exp.Count, exp.CumeDist,
    exp.CurrentTimestamp, exp.DateAdd, exp.DateDiff, exp.DateTrunc, exp.DenseRank, exp.Exists, exp.Exp, exp.Extract,
    exp.FirstValue, exp.Floor, exp.Greatest, exp.If, exp.Lag, exp.LastDay, exp.LastValue, exp.Lead, exp.Least,
    exp.Length, exp.Ln, exp.Lower, exp.Max, exp.Median, exp.Min, exp.Mod, exp.Ntile, exp.Nullif, exp.Or,
    exp.PercentRank, exp.PercentileCont, exp.Pow, exp.Rank, exp.Round, exp.RowNumber, exp.Sign, exp.SplitPart,
    exp.Sqrt, exp.Stddev, exp.StddevSamp, exp.StrPosition, exp.Substring, exp.Sum, exp.TimestampTrunc, exp.Trim,
    exp.TsOrDsAdd, exp.TsOrDsDiff, exp.Upper, exp.Xor,
)  # fmt: skip

# Aggregates that, over an ordered window, need a frame.
NEEDS_FRAME: tuple[type[exp.Expr], ...] = (
    exp.Avg, exp.Count, exp.FirstValue, exp.LastValue, exp.Max, exp.Min, exp.Stddev, exp.StddevSamp, exp.Sum,
)  # fmt: skip

NOT_PORTABLE: tuple[type[exp.Expr], ...] = (
    exp.Array, exp.Bracket, exp.Concat, exp.Filter, exp.Interval, exp.Lambda, exp.Lateral, exp.NullSafeEQ,
    exp.NullSafeNEQ, exp.Pivot, exp.RegexpLike, exp.SimilarTo, exp.Struct, exp.TableSample, exp.Unnest, exp.Values,
)  # fmt: skip

TYPES = frozenset(
    {
        exp.DType.BIGINT, exp.DType.BOOLEAN, exp.DType.DATE, exp.DType.DECIMAL, exp.DType.DOUBLE, exp.DType.INT,
        exp.DType.SMALLINT, exp.DType.TIMESTAMP, exp.DType.VARCHAR,
    }
)  # fmt: skip

PARTS_OF_TIME = frozenset({"year", "quarter", "month", "day", "hour"})
UNITS_OF_TIME = frozenset({"year", "quarter", "month", "day", "hour", "minute", "second"})

# Words that Redshift does not take for a name (its documented list, less what standard SQL reserves anyway).
RESERVED = frozenset(
    {
        "aes128", "aes256", "allowoverwrite", "analyse", "analyze", "authorization", "az64", "backup", "binary",
        "blanksasnull", "both", "bytedict", "bzip2", "collate", "credentials", "current_date", "current_time",
        "current_timestamp", "current_user", "current_user_id", "defrag", "deflate", "delta", "delta32k", "disable",
        "do", "emptyasnull", "enable", "encode", "encrypt", "encryption", "explicit", "freeze", "globaldict256",
        "globaldict64k", "gzip", "identity", "ignore", "ilike", "initially", "isnull", "leading", "localtime",
        "localtimestamp", "lun", "luns", "lzo", "lzop", "minus", "mostly16", "mostly32", "mostly8", "natural", "new",
        "notnull", "off", "offline", "offset", "oid", "old", "only", "open", "overlaps", "parallel", "partition",
        "percent", "permissions", "pivot", "placing", "raw", "readratio", "recover", "references", "rejectlog",
        "resort", "respect", "restore", "session_user", "similar", "snapshot", "some", "sysdate", "system", "tag",
        "tdes", "text255", "text32k", "to", "top", "trailing", "truncatecolumns", "type", "unpivot", "user",
        "verbose", "wallet", "without",
    }
)  # fmt: skip
