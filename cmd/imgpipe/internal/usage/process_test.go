package usage_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/usage"
)

// beganName in the environment makes this program one that says how old it is, and what its children inherit.
const beganName = "USAGE_TEST_BEGAN"

func sayBegan() {
	age := time.Since(usage.Began())
	fmt.Println(age.Nanoseconds(), os.Getenv("IMGPIPE_BEGAN") == "")
}

// TestAProcessIsAsOldAsAClockOutsideSays: what a process says of its age is within what its parent saw, and with the
// parent's own word it includes the start.
func TestAProcessIsAsOldAsAClockOutsideSays(t *testing.T) {
	for _, told := range []bool{false, true} {
		before := time.Now()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), beganName+"=1")
		if told {
			cmd.Env = append(cmd.Env, usage.BeganEnv())
		}
		out, err := cmd.Output()
		outside := time.Since(before)
		if err != nil {
			t.Fatal(err)
		}
		ns, inherited, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
		age, err := strconv.ParseInt(ns, 10, 64)
		if err != nil || inherited != "true" {
			t.Fatalf("%q: want an age, and nothing for children to inherit", out)
		}
		inside := time.Duration(age)
		if inside <= 0 || inside > outside {
			t.Errorf("told %v: %v inside, %v outside", told, inside, outside)
		}
	}
}

func TestWhatAProcessSpentIsNotLessThanWhatItSpentSinceALook(t *testing.T) {
	before := usage.SinceBegan()
	burn(20 * time.Millisecond)
	after := usage.SinceBegan()
	if before.Total() <= 0 || after.Sub(before).Total() < 20*time.Millisecond {
		t.Errorf("%v, then %v after 20ms more", before.Total(), after.Total())
	}
	if usage.Began().After(time.Now()) || !usage.Began().Equal(usage.Began()) {
		t.Error("the start of the process is in the future, or moves")
	}
}
