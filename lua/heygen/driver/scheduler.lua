-- The driver inside a task of heygen.run or heygen.spawn: it parks the task, and the scheduler goes on with others.
return require("heygen.scheduler")
