"""Settings of Spark for many short jobs, of which planning costs more than it saves.

No stage and no expression is compiled, no plan is changed while it runs, and none is drawn for a user interface. Few
tasks list the files of a table.
"""

SHORT_JOBS = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "100",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",  # tasks of a VACUUM
}
