package main_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
)

// administered is a data directory with anna, an admin, bert and carl, whose
// server runs or not.
type administered struct {
	t       *testing.T
	data    string
	running *servertest.Process // nil: it is stopped
	network *desk               // of anna, who administers it from there; nil: the operator does
}

// everyWay runs a test on a stopped store, on a running server's, and by the
// network on that.
func everyWay(t *testing.T, test func(t *testing.T, a administered)) {
	for _, way := range []string{"stopped", "running", "network"} {
		t.Run(way, func(t *testing.T) {
			a := administered{t: t, data: t.TempDir()}
			a.add("anna", "--admin")
			if way != "stopped" {
				a.running = servertest.StartProcess(t, a.data, nil)
			}
			a.add("bert", "--display", "Bert Baum")
			a.add("carl")
			if way == "network" {
				d := newDesk(t, "REDROOM_SERVER="+hostOf(t, a.running.Rrp), "REDROOM_DATA="+a.data)
				d.redroom(servertest.Password, "signin anna").succeeds(t)
				a.network = &d
			}
			test(t, a)
		})
	}
}

// run is a command line, in which '_' stands for a space in a word.
func (a administered) run(line string) result {
	a.t.Helper()
	args := strings.Fields(line)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "_", " ")
	}
	if a.network != nil {
		return a.network.redroom("", args...)
	}
	return redroom(a.t, "", nil, append(args, "--data", a.data)...)
}

// by is who stands in the audit trail for what was done, and from where.
func (a administered) by() string {
	if a.network != nil {
		return "anna  127.0.0.1"
	}
	return "-  -"
}

// linksBegin is how links begin that are made.
func (a administered) linksBegin() string {
	switch {
	case a.network != nil:
		return "https://" + hostOf(a.t, a.running.Rrp)
	case a.running != nil:
		return a.running.Plain
	}
	return "http://localhost:8080"
}

func (a administered) add(args ...string) {
	a.t.Helper()
	redroom(a.t, servertest.Password, nil, append([]string{"user", "add", "--data", a.data}, args...)...).succeeds(a.t)
}

// does runs a command that has to succeed, and gives what it printed.
func (a administered) does(line string) string {
	a.t.Helper()
	return a.run(line).succeeds(a.t)
}

// prints is does for a command that prints exactly this.
func (a administered) prints(line, want string) {
	a.t.Helper()
	if got := a.does(line); got != want {
		a.t.Errorf("redroom %s printed\n%swant\n%s", line, got, want)
	}
}

// refuses runs a command that has to fail with status 1, and to say these words.
func (a administered) refuses(line string, words ...string) {
	a.t.Helper()
	a.run(line).expectOneLine(a.t, 1, words...)
}

// id is what a command that makes something prints.
func (a administered) id(line string) string {
	a.t.Helper()
	id := strings.TrimSpace(a.does(line))
	if !room.ValidID(id) {
		a.t.Fatalf("redroom %s printed %q, want an id", line, id)
	}
	return id
}

func TestDealsAndTopicsAreAdministered(t *testing.T) {
	everyWay(t, func(t *testing.T, a administered) {
		alpha := a.id("deal create Alpha_AG")
		if a.network != nil { // who makes a deal is in it, but for the operator
			a.prints("deal remove Alpha_AG anna", "")
		}
		a.id("deal create Beta --history joined")
		a.refuses("deal create Beta", "making the deal", "There is a deal of this name; choose another.")
		a.refuses("deal create "+strings.Repeat("x", 121), "1 to 120 characters")
		a.prints("deal list", "ID                STATE  HISTORY  RECEIPTS  NAME\n"+
			alpha+"  open   all      hidden    Alpha AG\n"+
			a.dealNamed("Beta")+"  open   joined   hidden    Beta\n")
		a.prints("deal change Alpha_AG --receipts --dry-run", "it changes nothing for anybody\n")
		a.prints("deal change Alpha_AG --receipts", "")
		if list := a.does("deal list"); !strings.Contains(list, alpha+"  open   all      shown     Alpha AG\n") {
			t.Errorf("the deals are\n%s", list)
		}
		a.prints("deal change Alpha_AG --receipts=false", "")
		a.prints("deal add Alpha_AG bert --dry-run", "it changes nothing for anybody\n")
		a.prints("deal add "+alpha+" bert", "")
		a.refuses("deal add Gamma bert", `there is no deal "Gamma"`, "redroom deal list")
		a.refuses("deal add Beta nobody", "adding nobody", room.ErrNotFound.Text)

		price := a.id("topic create Price --deal Alpha_AG --number 1")
		a.id("topic create Terms --deal Alpha_AG --number 2")
		a.prints("topic create Plan --deal Alpha_AG --dry-run", "anna gains 1 topic: Plan\nbert gains 1 topic: Plan\n")
		a.id("topic create Plan --deal " + alpha + " --number 3 --strict")
		a.id("topic create Price --deal Beta")
		a.prints("deal members Alpha_AG", "NAME  ROLE    DISPLAY\nbert  member  Bert Baum\n")
		a.prints("deal remove Alpha_AG bert --dry-run", "bert loses 3 topics: Price, Terms, Plan\n")
		a.prints("user change bert --active=false --dry-run", "bert loses 3 topics: Price, Terms, Plan\nall sign-ins of the user end\n")
		a.prints("deal members Alpha_AG", "NAME  ROLE    DISPLAY\nbert  member  Bert Baum\n") // it was a dry run
		a.prints("user change carl --role admin --dry-run", "carl gains 4 topics: Alpha AG / Price, Alpha AG / Terms, Alpha AG / Plan, Beta / Price\n")

		a.refuses("topic change Price --number 7", "2 deals", "--deal")
		a.refuses("topic change Prices --number 7", `there is no topic "Prices"`, "redroom topic list")
		a.prints("topic change Price --deal Alpha_AG --narrowed --dry-run", "bert loses 1 topic: Price\n")
		a.prints("topic change "+price+" --narrowed", "")
		a.refuses("topic add "+price+" carl", "carl is not in the deal")
		a.prints("topic add Price bert --deal Alpha_AG --dry-run", "bert gains 1 topic: Price\n")
		a.prints("topic add Price bert --deal Alpha_AG", "")
		a.prints("topic members "+price, "NAME  ROLE    FROM  DISPLAY\nanna  admin   1     anna\nbert  member  1     Bert Baum\n")
		a.prints("topic remove "+price+" bert", "")
		a.refuses("topic remove "+price+" bert", "removing bert", room.ErrNotFound.Text)
		a.refuses("topic move Plan bert --from 3", "1 to 1")
		a.prints("topic move Plan bert --from 1", "")
		a.prints("deal move Alpha_AG bert --history joined", "")
		a.refuses("deal move Alpha_AG carl --history all", "moving carl")
		a.prints("topic change Plan --title Overview --archived --open=false", "")
		a.refuses("topic change Terms --title Overview", "The deal has a topic of this title; choose another.")
		list := a.does("topic list --deal Alpha_AG")
		for _, row := range []string{" 1       0         open,narrowed    Alpha AG  Price\n", " 2       0         open             Alpha AG  Terms\n", " 3       0         archived,strict  Alpha AG  Overview\n"} {
			if !strings.Contains(list, row) {
				t.Errorf("the topics are\n%swithout %q", list, row)
			}
		}
		var all struct {
			Topics []struct{ Deal, Title string }
		}
		if err := json.Unmarshal([]byte(a.does("topic list --json")), &all); err != nil || len(all.Topics) != 4 || all.Topics[0].Deal != alpha {
			t.Errorf("%v, %+v", err, all)
		}
		a.prints("deal change Alpha_AG --open=false --dry-run", "anna may no longer write in 2 topics: Price, Terms\nbert may no longer write in 1 topic: Terms\n")
		a.prints("deal change Alpha_AG --name Alpha --open=false", "")
		a.prints("deal remove Alpha bert", "")
		a.prints("deal members Alpha", "NAME  ROLE  DISPLAY\n")
	})
}

func (a administered) dealNamed(name string) string {
	a.t.Helper()
	var list struct{ Deals []struct{ ID, Name string } }
	if err := json.Unmarshal([]byte(a.does("deal list --json")), &list); err != nil {
		a.t.Fatal(err)
	}
	for _, d := range list.Deals {
		if d.Name == name {
			return d.ID
		}
	}
	a.t.Fatalf("there is no deal %s in %+v", name, list)
	return ""
}

func TestAccountsAreAdministered(t *testing.T) {
	everyWay(t, func(t *testing.T, a administered) {
		a.prints("user list", "NAME  ROLE    STATE   DISPLAY\nanna  admin   active  anna\nbert  member  active  Bert Baum\ncarl  member  active  carl\n")
		a.refuses("user change anna --role member", "changing anna", "This is the last active admin; make another one first.")
		a.refuses("user change nobody --role member", "changing nobody", room.ErrNotFound.Text)
		a.refuses("user change ../deals --role member", room.ErrNotFound.Text)
		a.refuses("user change .. --role member", room.ErrNotFound.Text)
		a.refuses("user change bert --role king", "A role is admin, member, observer or bot.")
		a.refuses("user change bert --display "+strings.Repeat("x", 65), "1 to 64 characters")
		a.prints("user change bert --role observer --display Bertram --active=false --json",
			`{"name":"bert","display":"Bertram","role":"observer","active":false,"version":2}`+"\n")
		a.prints("user list", "NAME  ROLE      STATE        DISPLAY\nanna  admin     active       anna\nbert  observer  deactivated  Bertram\ncarl  member    active       carl\n")
		a.refuses("user password bert", "making a link for bert", "deactivated")
		a.prints("user change bert --active", "")

		a.id("deal create Alpha")
		where := a.linksBegin()
		for line, begins := range map[string]string{
			"user password bert":                             where,
			"user invite --deal Alpha":                       where,
			"user invite --role observer":                    where,
			"user invite --url https://room.example/":        "https://room.example",
			"user password carl --url https://other.example": "https://other.example",
		} {
			if out := a.does(line); !regexp.MustCompile(`^` + regexp.QuoteMeta(begins) + `/invite#[\w-]{43}\n$`).MatchString(out) {
				t.Errorf("redroom %s printed %q, want a link at %s", line, out, begins)
			}
		}
		a.refuses("user invite --deal Gamma", `there is no deal "Gamma"`)

		if a.running == nil {
			a.prints("user sessions bert --end", "")
			return
		}
		bert := a.running.SignIn(t, "bert")
		bert.Must(t, "GET", "/api/session", nil, nil, 200)
		session := a.running.Enter(t, bert)
		a.prints("user sessions bert --end", "")
		session.Control.Farewell(t, "BYE 401")
		bert.Must(t, "GET", "/api/session", nil, nil, 401)
	})
}

// TestTheTrailIsPrinted does what the trail has to tell, and finds it there, a
// backup too.
func TestTheTrailIsPrinted(t *testing.T) {
	everyWay(t, func(t *testing.T, a administered) {
		alpha := a.id("deal create Alpha")
		topic := a.id("topic create Price --deal Alpha")
		a.does("deal add Alpha bert")
		a.does("topic change Price --title <b>Prices</b>")
		a.does("deal remove Alpha bert --dry-run")
		file := filepath.Join(t.TempDir(), "room.backup")
		redroom(t, "", nil, "backup", file, "--data", a.data).succeeds(t)

		whole := a.does("audit")
		for _, row := range []string{
			"  -  -  user.added  user=anna  {\"role\":\"admin\"}\n",
			"  " + a.by() + "  deal.created  deal=" + alpha + "  ",
			"  " + a.by() + "  deal.member.added  user=bert  deal=" + alpha + "\n",
			"  " + a.by() + "  topic.changed  deal=" + alpha + "  topic=" + topic + "  {\"title\":\"",
			"  -  -  backup\n",
		} {
			if !strings.Contains(whole, row) {
				t.Errorf("the trail is\n%swithout %q", whole, row)
			}
		}
		if strings.Contains(whole, "deal.member.removed") {
			t.Error("a dry run stands in it")
		}
		rows := strings.SplitAfter(strings.TrimSuffix(whole, "\n"), "\n")
		for i, row := range rows {
			if !strings.HasPrefix(row, fmt.Sprintf("%d  20", i+1)) {
				t.Errorf("row %d is %q", i+1, row)
			}
		}
		a.prints("audit --last 1", rows[len(rows)-1]+"\n")
		a.prints(fmt.Sprintf("audit --after %d", len(rows)-2), strings.Join(rows[len(rows)-2:], "")+"\n")
		a.prints(fmt.Sprintf("audit --after %d", len(rows)), "")
		if got := a.does("audit --user bert --action deal.member.added"); strings.Count(got, "\n") != 1 || !strings.Contains(got, "user=bert") {
			t.Errorf("of bert it prints %q", got)
		}
		if byTitle, byID := a.does("audit --topic <b>Prices</b> --deal Alpha"), a.does("audit --topic "+topic); strings.Count(byID, "\n") != 2 || byTitle != byID {
			t.Errorf("of the topic it prints\n%s\n%s", byTitle, byID)
		}
		a.refuses("audit --deal Gamma", `there is no deal "Gamma"`)
		a.refuses("audit --user No_Name", "user is a user name.")

		var last struct {
			Seq    int
			Action string
			Hash   string
		}
		lines := strings.Split(strings.TrimSpace(a.does("audit --json")), "\n")
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Seq != len(rows) || last.Action != "backup" || len(last.Hash) != 64 {
			t.Errorf("%v, the last row is %+v", err, last)
		}

		// The backup has the row that says so.
		restored := filepath.Join(t.TempDir(), "restored")
		redroom(t, "", nil, "restore", file, "--data", restored).succeeds(t)
		if got := redroom(t, "", nil, "audit", "--data", restored, "--action", "backup").succeeds(t); strings.Count(got, "\n") != 1 {
			t.Errorf("the backup's trail has %q", got)
		}
	})
}

func TestAdministeringNothingIsOneLineAndMakesNothing(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for _, line := range [][]string{{"user", "list"}, {"deal", "create", "Alpha"}, {"topic", "list"}, {"audit"}} {
		redroom(t, "", nil, append(line, "--data", none)...).expectOneLine(t, 1, none, "there is no", "--data")
	}
}

func TestTheShellCompletes(t *testing.T) {
	for line, want := range map[string]string{
		"user ":                        "invite\t",
		"topic ch":                     "change\t",
		"user change bert --role ":     "observer\n",
		"deal create Alpha --history ": "joined\n",
	} {
		args := append([]string{"__complete"}, strings.Split(line, " ")...)
		if r := redroom(t, "", nil, args...); r.status != 0 || !strings.Contains(r.out, want) {
			t.Errorf("%q is completed by status %d, %q", line, r.status, r.out)
		}
	}
	if r := redroom(t, "", nil, "completion", "bash"); r.status != 0 || !strings.Contains(r.out, "complete -F _redroom redroom") {
		t.Errorf("status %d, %q", r.status, r.errors)
	}
}
