//go:build race

package jpeg

// underRace tells tests to look at fewer files.
const underRace = true
