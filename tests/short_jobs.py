"""Settings of Spark for many short jobs, of which planning costs more than it saves.

No stage and no expression is compiled, no plan is changed while it runs, and none is drawn for a user interface.
"""

SHORT_JOBS = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "100",
}
