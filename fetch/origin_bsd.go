//go:build darwin || freebsd

package fetch

// openBelow opens rel below the folder dir, through no symbolic link.
func openBelow(dir int, rel string, flags int) (fd int, err error) { return stepwise(dir, rel, flags) }
