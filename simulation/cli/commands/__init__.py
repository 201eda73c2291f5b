"""One module per command. `simulation.cli.app.COMMANDS` names them all."""
