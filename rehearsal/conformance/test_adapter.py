"""dbt's tests of an adapter, those that do not ask for what the stand-in has not (Python models, dynamic tables).

https://docs.getdbt.com/guides/adapter-creation: each class below is one of dbt-tests-adapter's, run as it is.
"""

from __future__ import annotations

import importlib

CLASSES = {
    "basic.test_adapter_methods": ["BaseAdapterMethod"],
    "basic.test_base": ["BaseSimpleMaterializations"],
    "basic.test_empty": ["BaseEmpty"],
    "basic.test_ephemeral": ["BaseEphemeral"],
    "basic.test_generic_tests": ["BaseGenericTests"],
    "basic.test_incremental": ["BaseIncremental", "BaseIncrementalNotSchemaChange", "BaseIncrementalBadStrategy"],
    "basic.test_singular_tests": ["BaseSingularTests"],
    "basic.test_singular_tests_ephemeral": ["BaseSingularTestsEphemeral"],
    "basic.test_snapshot_check_cols": ["BaseSnapshotCheckCols"],
    "basic.test_snapshot_timestamp": ["BaseSnapshotTimestamp"],
    "basic.test_table_materialization": ["BaseTableMaterialization"],
    "basic.test_validate_connection": ["BaseValidateConnection"],
    "concurrency.test_concurrency": ["BaseConcurrency"],
    "ephemeral.test_ephemeral": ["BaseEphemeralMulti", "BaseEphemeralNested", "BaseEphemeralErrorHandling"],
    "incremental.test_incremental_merge_exclude_columns": ["BaseMergeExcludeColumns"],
    "incremental.test_incremental_on_schema_change": ["BaseIncrementalOnSchemaChange"],
    "incremental.test_incremental_predicates": ["BaseIncrementalPredicates"],
    "incremental.test_incremental_unique_id": ["BaseIncrementalUniqueKey"],
    "incremental.test_incremental_microbatch": ["BaseMicrobatch"],
    "simple_seed.test_seed": ["BaseBasicSeedTests", "BaseSeedConfigFullRefreshOn", "BaseSimpleSeedEnabledViaConfig"],
    "simple_snapshot.test_snapshot": ["BaseSimpleSnapshot", "BaseSnapshotCheck"],
    "store_test_failures_tests.test_store_test_failures": ["BaseStoreTestFailures"],
    "unit_testing.test_types": ["BaseUnitTestingTypes"],
    "unit_testing.test_case_insensitivity": ["BaseUnitTestCaseInsensivity"],
    "utils.test_any_value": ["BaseAnyValue"],
    "utils.test_bool_or": ["BaseBoolOr"],
    "utils.test_cast": ["BaseCast"],
    "utils.test_cast_bool_to_text": ["BaseCastBoolToText"],
    "utils.test_concat": ["BaseConcat"],
    "utils.test_current_timestamp": ["BaseCurrentTimestampAware"],
    "utils.test_date": ["BaseDate"],
    "utils.test_date_spine": ["BaseDateSpine"],
    "utils.test_date_trunc": ["BaseDateTrunc"],
    "utils.test_dateadd": ["BaseDateAdd"],
    "utils.test_datediff": ["BaseDateDiff"],
    "utils.test_equals": ["BaseEquals"],
    "utils.test_escape_single_quotes": ["BaseEscapeSingleQuotesBackslash"],
    "utils.test_except": ["BaseExcept"],
    "utils.test_generate_series": ["BaseGenerateSeries"],
    "utils.test_hash": ["BaseHash"],
    "utils.test_intersect": ["BaseIntersect"],
    "utils.test_last_day": ["BaseLastDay"],
    "utils.test_length": ["BaseLength"],
    "utils.test_listagg": ["BaseListagg"],
    "utils.test_null_compare": ["BaseMixedNullCompare", "BaseNullCompare"],
    "utils.test_position": ["BasePosition"],
    "utils.test_replace": ["BaseReplace"],
    "utils.test_right": ["BaseRight"],
    "utils.test_safe_cast": ["BaseSafeCast"],
    "utils.test_split_part": ["BaseSplitPart"],
    "utils.test_string_literal": ["BaseStringLiteral"],
    "utils.data_types.test_type_bigint": ["BaseTypeBigInt"],
    "utils.data_types.test_type_boolean": ["BaseTypeBoolean"],
    "utils.data_types.test_type_float": ["BaseTypeFloat"],
    "utils.data_types.test_type_int": ["BaseTypeInt"],
    "utils.data_types.test_type_numeric": ["BaseTypeNumeric"],
    "utils.data_types.test_type_string": ["BaseTypeString"],
    "utils.data_types.test_type_timestamp": ["BaseTypeTimestamp"],
}


def _tests() -> dict[str, type]:
    found = {}
    for module, names in CLASSES.items():
        classes = importlib.import_module(f"dbt.tests.adapter.{module}")
        for name in names:
            area = module.replace(".", "_").replace("test_", "")
            found[f"Test_{area}_{name}"] = type(f"Test_{area}_{name}", (getattr(classes, name),), {})
    return found


globals().update(_tests())
