package server_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// protocolTests are those that speak the protocol itself, by whatever carries
// it. They begin with one of these.
var protocolTests = []string{
	"TestBadInput", "TestForeignTopicIsAnswered", "TestTooManyChannels$", "TestTooManyChannelsOfAUser", "TestTooManySessions", "TestPostsOver", "TestHalfAFrame", "TestTenThousandRandom",
	"TestWatchTells", "TestReadMark", "TestPresence", "TestPING", "TestTyping",
	"TestSignOutEnds", "TestRemovedMemberIsReset", "TestNewcomerReads", "TestDeactivation", "TestStopSays",
	"TestPoisonedPosts", "TestAnEditIsTold", "TestARedactionLeaves", "TestRefusedChanges", "TestSameClientID",
	"TestReadersSee", "TestCount0To8", "TestUmlauts", "TestUTF8", "TestStoreIsOneFile",
	"TestTokens", "TestPasswordsWrong", "TestAReportSplit", "TestLastWords", "TestDrainAnswers", "TestWallOfEveryFrame", "TestWallOfLists", "TestFramesParseAlike",
	"TestDirectoryIsFor", "TestDirectoryTells",
}

// TestProtocolOverOtherCarriers runs the protocol's tests once more with sessions
// that raw QUIC carries, and WebSockets: directly, and through what people have
// before their servers.
func TestProtocolOverOtherCarriers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the same tests ran over WebTransport; without -short they run over the other carriers too")
	}
	pattern := "^(" + strings.Join(protocolTests, "|") + ")"
	t.Run("none is forgotten", func(t *testing.T) {
		out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.list", pattern).Output()
		if err != nil {
			t.Fatal(err)
		}
		found := strings.Fields(string(out))
		for _, name := range protocolTests {
			if !slices.ContainsFunc(found, regexp.MustCompile("^"+name).MatchString) {
				t.Errorf("there is no %s", name)
			}
		}
	})
	for carrier, short := range map[string]bool{"QUIC": true, "WebSocket": false, "nginx": true, "HAProxy": true} {
		t.Run(carrier, func(t *testing.T) {
			t.Parallel() // they wait for much of their time
			args := []string{"-test.run", pattern, "-carrier", carrier, "-test.timeout", "10m", "-test.v"}
			if short && !*long {
				args = append(args, "-test.short")
			}
			out, err := exec.CommandContext(t.Context(), os.Args[0], args...).CombinedOutput()
			passed := regexp.MustCompile(`(?m)^--- PASS: `).FindAll(out, -1)
			t.Logf("%d tests passed", len(passed))
			if err != nil || len(passed) < len(protocolTests) {
				t.Errorf("%v\n%s", err, regexp.MustCompile(`(?m)^ *(=== RUN|=== CONT|=== NAME|--- PASS).*\n`).ReplaceAll(out, nil))
			}
			if skipped := regexp.MustCompile(`(?m)^--- SKIP: .*`).FindAll(out, -1); len(skipped) > 0 && os.Getenv("REDROOM_PROXIES") == "require" {
				t.Errorf("skipped: %s", skipped)
			}
		})
	}
}
