//go:build !unix

package sim

// fileNumber is not known here, nor to the device.
func fileNumber(string) string { return "" }
