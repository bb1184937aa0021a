package main

import "testing"

func TestFailuresThatLastAreThoseThatAskingAgainDoesNotMend(t *testing.T) {
	for class, want := range map[string]bool{
		"http-400": true, "http-401": true, "http-403": true, "http-404": true, "http-410": true, "http-451": true, "http-499": true, classPoison: true,
		"http-407": false, "http-408": false, "http-425": false, "http-429": false, "http-500": false, "http-503": false, "http-204": false,
		"http-": false, "http-x": false, "": false, "network": false, "dns": false, "tls": false, "timeout": false, "decode": false, "404": false,
	} {
		if got := lasting(class); got != want {
			t.Errorf("lasting(%q) is %v, want %v", class, got, want)
		}
	}
}
