package fetch

// ImageName reports whether a file of this name would be taken from a folder, by its extension.
func ImageName(name string) bool { return imageName(name) }
