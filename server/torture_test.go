package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"redroom/server/servertest"
)

// How much the torture test has of everything.
const (
	tortureBots   = 20
	tortureHomes  = 4 // machines, with five of them each
	tortureTopics = 4
	tortureLoss   = 20 // percent of all packets, from and to the server

	surferPrefix = "surfer" // of their names

	settles = 60 * time.Second // when all is well again, until everybody has everything
)

// tortureSurfers is how many pages there are.
func tortureSurfers() int {
	if *long {
		return 4
	}
	return 2
}

// TestTorture has twenty programs and some pages read and write in a few topics,
// in a network that loses a fifth of all packets, while programs, tabs,
// browsers, cables and the server are ended in every way and come back. In the
// end everybody has the same, and everything that was written, once.
func TestTorture(t *testing.T) {
	x := newTorture(t)
	x.suffer()
	x.settle()
	x.verify()
}

// torture is a room in a bad network, and everybody in it.
type torture struct {
	*servertest.Network
	t       *testing.T
	chance  *rand.Rand
	journal *faults
	book    *book

	room   *servertest.Process
	opened time.Time // the server, the last time
	anna   *servertest.API
	topics []string
	titles map[string]string
	homes  []*household
	bots   []*bot

	surfers []*surfer
	stop    chan struct{} // closed when nothing bad happens to surfers any more

	later []event // in the order of their times
	well  bool    // nothing bad happens any more
}

func newTorture(t *testing.T) *torture {
	servertest.Chromium(t)
	x := &torture{Network: servertest.NewNetwork(t), t: t, chance: servertest.Rand(t), journal: newFaults(t), stop: make(chan struct{}), titles: make(map[string]string)}
	x.book = newBook(x.journal)
	x.start(t.TempDir())
	x.anna = x.room.Admin(t)
	deal := x.anna.Deal(t, "GeldGeldGeld AG", "all")
	for i := range tortureTopics {
		title := fmt.Sprintf("Folter %d", i+1)
		topic := x.anna.Topic(t, deal, title, i+1)
		x.topics = append(x.topics, topic)
		x.titles[topic] = title
	}
	for i := range tortureHomes {
		x.homes = append(x.homes, &household{Machine: x.Machine(), name: fmt.Sprintf("home %d", i+1)})
	}
	for i := range tortureBots {
		x.addBot(x.homes[i%tortureHomes], fmt.Sprintf("bot%02d", i+1), deal)
	}
	for i := range tortureSurfers() {
		x.addSurfer(fmt.Sprintf("%s%d", surferPrefix, i+1), deal)
	}
	t.Logf("everybody was there after %v", time.Since(x.journal.began).Round(time.Millisecond))
	return x
}

// addBot starts a program at a home. The first one is the admin's.
func (x *torture) addBot(h *household, name, deal string) {
	x.t.Helper()
	admin := len(x.bots) == 0
	if admin {
		name = x.anna.Name
	} else {
		x.room.Join(x.t, x.anna, name, "member", deal)
	}
	at, err := url.Parse(x.RoomURL())
	if err != nil {
		x.t.Fatal(err)
	}
	cookies := h.Sees(x.room.Room, x.RoomURL()).SignIn(x.t, name).HTTP.Jar.Cookies(at)
	b := &bot{
		order: order{
			Name: name, Room: x.RoomURL(), CA: filepath.Join(x.room.Data, "keys", "ca.pem"), Cookies: cookies,
			Topics: x.topics, Dir: x.t.TempDir(), Seed: x.chance.Uint64(), Admin: admin,
		},
		machine: h.Machine, book: x.book, said: make(map[saying]bool), more: make(chan struct{}, 1),
	}
	b.start(x.t)
	x.bots = append(x.bots, b)
}

// addSurfer opens a page at a home of its own.
func (x *torture) addSurfer(name, deal string) {
	x.t.Helper()
	x.room.Join(x.t, x.anna, name, "member", deal)
	h := &household{Machine: x.Machine(), name: "the home of " + name}
	x.homes = append(x.homes, h)
	v := &surfer{
		t: x.t, name: name, home: h, room: x.room.Room, url: x.RoomURL(), profile: x.t.TempDir(), topics: x.topics, titles: x.titles,
		as: h.Sees(x.room.Room, x.RoomURL()).SignIn(x.t, name), book: x.book, journal: x.journal,
		chance: rand.New(rand.NewPCG(x.chance.Uint64(), 0)), stop: x.stop, ended: make(chan struct{}),
	}
	v.start()
	x.surfers = append(x.surfers, v)
}

// start starts the server, the first time and again.
func (x *torture) start(data string) {
	x.t.Helper()
	x.room = x.StartProcess(x.t, data)
	x.opened = time.Now()
}

// settle waits until everybody has sent what is to be sent, and has read
// everything.
func (x *torture) settle() {
	x.t.Helper()
	all, accepted, refused := x.book.counts()
	x.t.Logf("%d were written, %d of them accepted so far, %d refused", all, accepted, refused)
	began := time.Now()
	deadline := began.Add(settles)
	for _, v := range x.surfers {
		v.settle()
	}
	x.t.Logf("%v after all was well the pages had sent everything", time.Since(began).Round(time.Millisecond))
	for _, b := range x.bots {
		b.tell(x.t, command{What: "quiet"})
	}
	for _, b := range x.bots {
		b.says(x.t, saying{What: "quiet"}, deadline)
	}
	x.t.Logf("%v after all was well everything was sent", time.Since(began).Round(time.Millisecond))
	for _, topic := range x.topics {
		head := int64(len(x.anna.Log(x.t, topic)))
		for _, b := range x.bots {
			b.tell(x.t, command{What: "read", Topic: topic, Seq: head})
		}
	}
	for _, topic := range x.topics {
		for _, b := range x.bots {
			b.says(x.t, saying{What: "has", Topic: topic}, deadline)
		}
	}
	x.t.Logf("%v after all was well everybody had everything", time.Since(began).Round(time.Millisecond))
}

// verify shows that nothing was lost, doubled, turned round or changed, and that
// everybody has the same.
func (x *torture) verify() {
	t, began := x.t, time.Now()
	t.Helper()
	logs := make(map[string][]servertest.Frame)
	for _, topic := range x.topics {
		logs[topic] = x.anna.Log(t, topic)
	}
	gone := x.book.gone(t, logs)
	for _, b := range x.bots {
		b.tell(t, command{What: "leave"})
	}
	for _, b := range x.bots {
		b.left(t)
		b.verify(t, logs, gone)
	}
	t.Logf("the copies of all programs were compared after %v", time.Since(began).Round(time.Millisecond))
	names := make(map[string]bool)
	var comparing sync.WaitGroup
	for _, v := range x.surfers {
		comparing.Go(func() { v.verify(logs, gone) })
		names[v.name] = true
	}
	comparing.Wait()
	t.Logf("and all pages after %v", time.Since(began).Round(time.Millisecond))
	x.book.find(logs, names)
	x.book.verify(t, logs)
	for topic, log := range logs {
		for _, m := range log {
			expectNoneOf(t, gone, "topic "+topic, m.Payload)
		}
		if len(log) == 0 {
			t.Errorf("topic %s is empty", topic)
		}
	}
	if status := x.room.Stop(t); status != 0 {
		t.Errorf("the server ended with status %d", status)
	}
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(binary, "verify", "--data", x.room.Data).CombinedOutput(); err != nil {
		t.Errorf("redroom verify: %v: %s", err, out)
	}
	for name, content := range contents(t, x.room.Data) {
		expectNoneOf(t, gone, name, string(content))
	}
	all, accepted, refused := x.book.counts()
	lives, ends := uint64(0), 0
	for _, v := range x.surfers {
		ends += v.ends
	}
	for _, b := range x.bots {
		lives += b.lives
	}
	t.Logf("%d were written, %d accepted, %d refused; %d lost their words; programs had %d lives, and tabs and browsers %d ends", all, accepted, refused, len(gone), lives, ends)
}
