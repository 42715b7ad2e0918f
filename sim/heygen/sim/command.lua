-- heygen-sim as a script, for where only the modules are installed.
os.exit(require("heygen.sim.main").run(arg))
