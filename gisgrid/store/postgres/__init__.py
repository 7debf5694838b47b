"""PostgreSQL itself on this machine, the parts of `cluster`: programs, account, data folder, process, keeper."""
