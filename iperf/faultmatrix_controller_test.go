package iperf_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/storage"
)

// errKilled tells that a controlling process was killed in the stage that it was to be killed in.
var errKilled = errors.New("killed")

// controllerVariable is set for a process that is to run a controller instead of the tests.
const controllerVariable = "TUNA_MATRIX_CONTROLLER"

// A controller is what a controlling process is told to do.
type controller struct {
	Client, Server reach
	Program, Dir   string
	Settings       iperf.ClientSettings
	Stage          stage
	EventTime      time.Duration
}

func TestMain(m *testing.M) {
	if text := os.Getenv(controllerVariable); text != "" {
		var c controller
		err := json.Unmarshal([]byte(text), &c)
		if err == nil {
			err = c.run()
		}
		fmt.Println("not killed:", err)
		os.Exit(1)
	}
	code := m.Run()
	os.Remove(clockFile()) // it may never have been made
	os.Exit(code)
}

// run makes a run, and stays where it is when the stage is reached.
func (c controller) run() error {
	reached := func(s stage) {
		if s == c.Stage {
			fmt.Println("reached")
			select {}
		}
	}
	var hosts [2]iperf.HostSSH
	for i, at := range []reach{c.Client, c.Server} {
		h, err := sshhost.Dial(context.Background(), at.config())
		if err != nil {
			return err
		}
		hosts[i] = &stagedHost{HostSSH: h, reached: reached}
	}
	dir, err := storage.Open(c.Dir)
	if err != nil {
		return err
	}
	x := iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: hosts[0], TrafficServer: hosts[1]}, Program: c.Program, Client: c.Settings, FileStorage: dir,
		EventTimer: &iperf.EventTimer{Time: c.EventTime},
	}
	_, err = x.Upstream(context.Background(), "killed")
	return err
}

// runElsewhere has another process make the run, and kills it with SIGKILL in the stage.
func (r *trial) runElsewhere() error {
	text, err := json.Marshal(controller{
		reachOf(r.world.Client), reachOf(r.world.Server), r.program, filepath.Join(r.dir, "raw"), r.x.Client, r.stage, r.x.EventTimer.Time,
	})
	if err != nil {
		return err
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), controllerVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	cmd.Process.Kill()
	cmd.Wait()
	if line != "reached\n" {
		return fmt.Errorf("the controlling process said %q (%v)", line, err)
	}
	if r.stage == traffic || r.stage == draining {
		for _, role := range bothEnds {
			files, _ := filepath.Glob(filepath.Join(r.dir, "raw", role.String()+"_*killed"))
			text := []byte{}
			for _, f := range files {
				more, err := os.ReadFile(f)
				if err != nil {
					return err
				}
				text = append(text, more...)
			}
			if role == iperf.RoleServer && !bytes.Contains(text, []byte("listening")) {
				r.t.Errorf("raw output of the %v: got %q, want what it printed before the kill", role, text)
			}
		}
	}
	return errKilled
}
