package server_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"redroom/server/client"
	"redroom/server/room"
)

// programOrder is the variable that makes the test's binary a program which
// reads and posts in a room, as a bot does: an order in JSON.
const programOrder = "REDROOM_TEST_PROGRAM"

// order is what a program has to do. It says what it does on its standard
// output, a saying a line, and is told by commands on its standard input.
type order struct {
	Name    string
	Room    string // its URL
	CA      string // the file's path
	Cookies []*http.Cookie
	Topics  []string
	Dir     string // has what it keeps from one start to the next
	Seed    uint64
	Admin   bool
}

// saying is what a program says:
//
//	posting TOPIC ID KIND REF BODY  it is about to put a post into its outbox
//	kept ID                         it is there
//	accepted ID SEQ                 by the server
//	failed ID CODE REASON           for good
//	again ID, discarded ID          what becomes of one that failed
//	quiet                           it posts no more, and its outbox is empty
//	has TOPIC SEQ                   it has read so far
//	state REASON                    what its client is at
//	trouble REASON                  what must not happen
type saying struct {
	What   string
	Topic  string    `json:",omitempty"`
	ID     string    `json:",omitempty"`
	Kind   room.Kind `json:",omitempty"`
	Ref    int64     `json:",omitempty"`
	Seq    int64     `json:",omitempty"`
	Code   int       `json:",omitempty"`
	Reason string    `json:",omitempty"`
	Body   string    `json:",omitempty"`
}

// command is what a program is told: to be quiet, to read a topic up to a seq,
// or to leave.
type command struct {
	What  string
	Topic string
	Seq   int64
}

// How often a program posts.
const (
	leastPause = 500 * time.Millisecond
	mostPause  = 1500 * time.Millisecond
)

// program is one that runs.
type program struct {
	order
	chance *rand.Rand // of the posting only
	outbox *client.Outbox
	topics map[string]*client.Topic
	copies map[string]*transcript
	read   chan struct{} // one slot: there was a message
	saying sync.Mutex
	again  sync.Map // ids that were sent again
}

func runAsOrdered(encoded string) int {
	p := &program{topics: make(map[string]*client.Topic), copies: make(map[string]*transcript), read: make(chan struct{}, 1)}
	if err := json.Unmarshal([]byte(encoded), &p.order); err != nil {
		p.trouble(err)
		return 1
	}
	p.chance = rand.New(rand.NewPCG(p.Seed, 0))
	if err := p.run(context.Background()); err != nil {
		p.trouble(err)
		return 1
	}
	return 0
}

func (p *program) say(s saying) {
	line, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	p.saying.Lock()
	defer p.saying.Unlock()
	os.Stdout.Write(append(line, '\n')) // at once, so that a kill takes none of it back
}

func (p *program) trouble(err error) { p.say(saying{What: "trouble", Reason: err.Error()}) }

// run is a program's life, which ends with "leave" or its parent.
func (p *program) run(ctx context.Context) (err error) {
	if p.outbox, err = client.OpenOutbox(ctx, filepath.Join(p.Dir, "outbox.db")); err != nil {
		return err
	}
	if err := p.sweep(ctx); err != nil {
		return err
	}
	config, err := p.config()
	if err != nil {
		return err
	}
	c := client.Connect(config)
	for _, topic := range p.Topics {
		if err := p.follow(c, topic); err != nil {
			return err
		}
	}
	sending, stop := context.WithCancel(ctx)
	defer stop()
	sent := make(chan error, 1)
	go func() { sent <- p.outbox.Run(sending, c, p.answered) }()
	commands := make(chan command)
	go func() {
		defer close(commands)
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			var told command
			if err := json.Unmarshal(lines.Bytes(), &told); err != nil {
				p.trouble(err)
			}
			commands <- told
		}
	}()
	if err := p.live(ctx, commands, sent); err != nil {
		return err
	}
	stop()
	if err := <-sent; !errors.Is(err, context.Canceled) {
		return fmt.Errorf("the outbox ended with %w", err)
	}
	c.Close()
	for _, copied := range p.copies {
		if err := copied.close(); err != nil {
			return err
		}
	}
	return p.outbox.Close()
}

// sweep tells of what failed in an earlier life and gives it up.
func (p *program) sweep(ctx context.Context) error {
	posts, err := p.outbox.Posts(ctx)
	if err != nil {
		return err
	}
	for _, k := range posts {
		if k.Refused != nil {
			p.say(saying{What: "failed", ID: k.ID, Code: k.Refused.Code, Reason: k.Refused.Text})
			p.discard(ctx, k.ID)
		}
	}
	return nil
}

func (p *program) config() (client.Config, error) {
	pem, err := os.ReadFile(p.CA)
	if err != nil {
		return client.Config{}, err
	}
	trust := &tls.Config{RootCAs: x509.NewCertPool()}
	trust.RootCAs.AppendCertsFromPEM(pem)
	at, err := url.Parse(p.Room)
	if err != nil {
		return client.Config{}, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return client.Config{}, err
	}
	jar.SetCookies(at, p.Cookies)
	h := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
	return client.Config{
		Ticket:       client.HTTPTickets(h, p.Room, ""),
		WebTransport: client.WebTransport(trust),
		WebSocket:    client.WebSocket(trust),
		OnState:      func(s client.State) { p.say(saying{What: "state", Reason: s.String()}) },
	}, nil
}

// follow reads a topic on, from where an earlier life was.
func (p *program) follow(c *client.Client, topic string) error {
	copied, err := openTranscript(filepath.Join(p.Dir, topic+".jsonl"), topic)
	if err != nil {
		return err
	}
	after, proof := copied.at()
	opened := make(chan struct{})
	p.copies[topic] = copied
	p.topics[topic] = c.Open(topic, client.Reading{
		After: after, Proof: proof,
		Each: func(m room.Message) {
			<-opened
			_, proof := p.topics[topic].At()
			if err := copied.add(m, proof.Epoch); err != nil {
				p.trouble(err)
			}
			select {
			case p.read <- struct{}{}:
			default:
			}
		},
		Anew: func(why error) { p.trouble(fmt.Errorf("topic %s began anew behind %d: %w", topic, after, why)) },
	})
	close(opened)
	return nil
}

// live posts and does as it is told.
func (p *program) live(ctx context.Context, commands <-chan command, sent <-chan error) error {
	posting := time.NewTimer(p.pause())
	upTo := make(map[string]int64)
	for quiet, empty := false, false; ; {
		select {
		case <-posting.C:
			switch {
			case !quiet:
				p.post(ctx)
				posting.Reset(p.pause())
			case !empty:
				left, err := p.outbox.Posts(ctx)
				if err != nil {
					return err
				}
				if empty = len(left) == 0; empty {
					p.say(saying{What: "quiet"})
				} else {
					posting.Reset(leastPause)
				}
			}
		case <-p.read:
		case err := <-sent:
			return fmt.Errorf("the outbox ended with %w", err)
		case told, alive := <-commands:
			switch {
			case !alive || told.What == "leave":
				return nil
			case told.What == "quiet":
				quiet = true
				posting.Reset(0)
			case told.What == "read":
				upTo[told.Topic] = told.Seq
			}
		}
		for topic, seq := range upTo {
			if at, _ := p.topics[topic].At(); at.Seq >= seq {
				p.say(saying{What: "has", Topic: topic, Seq: at.Seq})
				delete(upTo, topic)
			}
		}
	}
}

func (p *program) pause() time.Duration {
	return leastPause + time.Duration(p.chance.Int64N(int64(mostPause-leastPause)))
}

// post puts something into the outbox.
func (p *program) post(ctx context.Context) {
	topic := p.Topics[p.chance.IntN(len(p.Topics))]
	post := client.Post{ID: room.NewClientID(time.Now()), Kind: room.Text, Body: sentence(p.chance)}
	if _, proof := p.topics[topic].At(); proof != nil {
		post.Epoch = proof.Epoch
		p.copies[topic].choose(p.chance, p.Name, p.Admin, &post)
	}
	p.say(saying{What: "posting", Topic: topic, ID: post.ID, Kind: post.Kind, Ref: post.Ref, Body: post.Body})
	if _, err := p.outbox.Post(ctx, topic, post); err != nil {
		p.trouble(err)
		return
	}
	p.say(saying{What: "kept", ID: post.ID})
}

// sentence is a text that has a mark of its own.
func sentence(chance *rand.Rand) string {
	mark := fmt.Sprintf("w0rd%016x%016x", chance.Uint64(), chance.Uint64())
	return mark + strings.Repeat(" Grüße "+mark, chance.IntN(4))
}

// answered tells of an answer. What failed is sent once more, at times, and
// else given up.
func (p *program) answered(a client.Answered) {
	if a.Refused == nil {
		p.say(saying{What: "accepted", ID: a.ID, Seq: a.Seq})
		return
	}
	p.say(saying{What: "failed", ID: a.ID, Code: a.Refused.Code, Reason: a.Refused.Text})
	if _, twice := p.again.LoadOrStore(a.ID, true); twice || a.ID[len(a.ID)-1]%2 == 0 {
		p.discard(context.Background(), a.ID)
		return
	}
	p.say(saying{What: "again", ID: a.ID})
	if err := p.outbox.Again(context.Background(), a.ID); err != nil {
		p.trouble(err)
	}
}

func (p *program) discard(ctx context.Context, id string) {
	if err := p.outbox.Discard(ctx, id); err != nil {
		p.trouble(err)
	}
	p.say(saying{What: "discarded", ID: id})
}
