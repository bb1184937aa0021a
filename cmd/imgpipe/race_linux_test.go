//go:build race

package main

// raceDetector reports that this test, which is the program as well, takes many times the memory and the time that the
// program does.
const raceDetector = true
