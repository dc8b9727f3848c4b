//go:build unix

package main_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestREADMECommandsWorkFromACleanClone clones what is committed, and runs the
// two commands that the README promises, as somebody would who has Go and
// nothing else: HOME, GOCACHE and GOPATH are empty. Everything is fetched and
// compiled anew, which takes minutes.
func TestREADMECommandsWorkFromACleanClone(t *testing.T) {
	if os.Getenv("REDROOM_README") != "require" {
		t.Skip("it compiles everything anew, which takes minutes: set REDROOM_README=require, and -timeout 30m")
	}
	serve, test := readmeCommands(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	clone := filepath.Join(t.TempDir(), "redroom")
	if out, err := exec.Command("git", "clone", "--quiet", root, clone).CombinedOutput(); err != nil {
		t.Fatalf("cloning: %v\n%s", err, out)
	}
	environment := emptyEnvironment(t)

	t.Run(strings.Join(serve, " "), func(t *testing.T) {
		began := time.Now()
		cmd := exec.Command(serve[0], serve[1:]...)
		cmd.Dir, cmd.Env = clone, environment
		cmd.Stderr = os.Stderr
		// A group of its own, which Ctrl-C in a terminal reaches as a whole.
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		page := ""
		for lines := bufio.NewScanner(out); page == "" && lines.Scan(); {
			if at, ok := strings.CutPrefix(lines.Text(), "Red Room is open at "); ok {
				page = at
			}
		}
		if page == "" {
			t.Fatalf("it ended without being open: %v", cmd.Wait())
		}
		t.Logf("open after %v", time.Since(began).Round(time.Second))
		answer, err := http.Get(page + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("/healthz: %s", answer.Status)
		}
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, out)
		cmd.Wait() // the status is of go run, which is interrupted as well
		for name, want := range map[string]bool{"redroom.db": true, "redroom.db-wal": false, "redroom.sock": false} {
			_, err := os.Stat(filepath.Join(clone, "redroom-data", name))
			if (err == nil) != want {
				t.Errorf("after Ctrl-C, %s is there: %v, want %v", name, err == nil, want)
			}
		}
	})

	t.Run(strings.Join(test, " "), func(t *testing.T) {
		began := time.Now()
		// In this environment this test skips itself. -short because what the
		// tests find out is found out where this one runs.
		cmd := exec.CommandContext(t.Context(), test[0], append(test[1:], "-short")...)
		cmd.Dir, cmd.Env = clone, environment
		out, err := cmd.CombinedOutput()
		t.Logf("it took %v", time.Since(began).Round(time.Second))
		if err != nil {
			// As it is, so that what failed there can be found like what fails here.
			os.Stdout.Write(out)
			t.Error(err)
		}
	})
}

// readmeCommands are the lines of the README's code blocks that run the server
// and its tests.
func readmeCommands(t *testing.T) (serve, test []string) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	find := func(pattern string) []string {
		m := regexp.MustCompile(`(?m)^\s*(?:\$ )?(` + pattern + `)\s*$`).FindSubmatch(readme)
		if m == nil {
			t.Fatalf("the README has no line %q", pattern)
		}
		return strings.Fields(string(m[1]))
	}
	return find(`go run \./cmd/redroom serve`), find(`go test \./\.\.\.`)
}

// emptyEnvironment is that of a machine which has Go only: no other command is
// found but the shell. How modules and proxies are reached is the machine's, and
// stays.
func emptyEnvironment(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "env", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var settings map[string]string
	if err := json.Unmarshal(out, &settings); err != nil {
		t.Fatal(err)
	}
	home, commands := t.TempDir(), t.TempDir()
	for _, name := range []string{"go", "sh"} {
		command, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(command, filepath.Join(commands, name)); err != nil {
			t.Fatal(err)
		}
	}
	environment := []string{
		"HOME=" + home,
		"PATH=" + commands,
		"GOCACHE=" + filepath.Join(home, "cache"),
		"GOPATH=" + filepath.Join(home, "go"),
		"GOFLAGS=" + strings.TrimSpace("-modcacherw "+settings["GOFLAGS"]), // so that it can be removed
	}
	for _, name := range []string{"GOENV", "GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOAUTH", "GOTOOLCHAIN", "GOVCS"} {
		environment = append(environment, name+"="+settings[name])
	}
	for _, name := range []string{"TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if value, ok := os.LookupEnv(name); ok {
			environment = append(environment, name+"="+value)
		}
	}
	return environment
}
