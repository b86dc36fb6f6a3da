package points

// Serve waits.
func Serve() { select {} }
