"""What SageMaker runs at night: it learns demand, forecasts it, and works out what members like and what runs out.

One image, four commands (`python -m containers.forecast …`), as SageMaker calls them:

train     a training job: the channel `panel` in, a model and what it was measured at out
serve     a batch transform: GET /ping, GET /execution-parameters, POST /invocations with one object of a panel
prepare   a processing job: the warehouse's tables in, objects of a panel out, each small enough for one request
analyse   a processing job: tables and forecasts in, recommendations, trends, outlooks and health out

Nothing here knows S3, a clock or a network: SageMaker puts files below /opt/ml before and takes them away after.
(`OPT_ML`: another folder, where there is no container.)

places     where SageMaker puts what
ending     how a job ends: exit code, failure file, SIGTERM
tables     the warehouse's tables, checked
bundles    a panel's objects: tables of some products together
lines      results as JSON lines
"""
