package main

import (
	"cmp"
	"fmt"
)

// knownServers are the pins of the CAs of servers that redroom discover has
// connected to, by HOST:PORT: whom to trust there if no flag says it.
type knownServers map[string]knownServer

type knownServer struct {
	Pin  string `json:"pin"`            // SHA-256 in hex
	Host string `json:"host,omitempty"` // what it called itself
}

var knownFile = keptFile{"servers", "compare the pins in it with what redroom serve prints there", "find them again with redroom discover"}

// readKnownServers reads the file, which need not be there.
func readKnownServers() (knownServers, error) {
	k := knownServers{}
	return k, knownFile.read(&k)
}

// keep adds one, and replaces the file.
func (k knownServers) keep(at string, s knownServer) error {
	k[at] = s
	return knownFile.write(k)
}

// forget takes one out, and replaces the file.
func (k knownServers) forget(at string) error {
	delete(k, at)
	return knownFile.write(k)
}

// checkAt refuses a server of this pin, or without one, where one of another is known.
func (k knownServers) checkAt(at address, pin string) error {
	kept, ok := k[at.String()]
	if !ok || kept.Pin == pin {
		return nil
	}
	return fmt.Errorf("at %s was another server, of pin %s, and now there is one of pin %s: somebody else may have its address; if you know why, run redroom discover --forget %s, and choose again", at, kept.Pin, cmp.Or(pin, "-"), at)
}

// calledSo is where a server is known that has called itself by this host, and has
// another pin; "": nowhere.
func (k knownServers) calledSo(host, pin string) (at string) {
	for at, known := range k {
		if host != "" && known.Host == host && known.Pin != pin {
			return at
		}
	}
	return ""
}

// hasPin tells whether a server with this pin is known, wherever it was.
func (k knownServers) hasPin(pin string) bool {
	for _, known := range k {
		if known.Pin == pin {
			return true
		}
	}
	return false
}
