// Command peer is a service, or a caller of one, as Go has them: etcd's naming for gRPC and go-zero's discov,
// unmodified. The tests beside it start it, tell it what to do by lines on its input, and read what it sees from
// its output. It ends when its input does.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/zeromicro/go-zero/core/discov"
	"github.com/zeromicro/go-zero/core/logx"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/naming/endpoints"
	"go.etcd.io/etcd/client/v3/naming/resolver"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"
)

const usage = `usage: peer naming-register ETCD TARGET KEY ADDRESS METADATA
       peer naming-call ETCD TARGET
       peer gozero-publish ETCD KEY ADDRESS
       peer gozero-subscribe ETCD KEY
       peer serve ADDRESS...`

// The shortest that etcd grants with its usual election timeout.
const ttl = 3

func main() {
	logx.Disable()
	discov.TimeToLive = ttl
	if len(os.Args) < 3 {
		fail(usage)
	}
	args := os.Args[2:]
	switch os.Args[1] {
	case "naming-register":
		namingRegister(args[0], args[1], args[2], args[3], args[4])
	case "naming-call":
		namingCall(args[0], args[1])
	case "gozero-publish":
		goZeroPublish(args[0], args[1], args[2])
	case "gozero-subscribe":
		goZeroSubscribe(args[0], args[1])
	case "serve":
		serve(args)
	default:
		fail(usage)
	}
}

// namingRegister puts an endpoint under a lease of its own. Commands: delete, which leaves the lease, and revoke.
func namingRegister(etcd, target, key, address, metadata string) {
	client := connect(etcd)
	manager, err := endpoints.NewManager(client, target)
	check(err)
	lease, err := client.Grant(context.Background(), ttl)
	check(err)
	alive, err := client.KeepAlive(context.Background(), lease.ID)
	check(err)
	go func() {
		for range alive {
		}
	}()
	endpoint := endpoints.Endpoint{Addr: address}
	if metadata != "" {
		var values map[string]string
		check(json.Unmarshal([]byte(metadata), &values))
		endpoint.Metadata = values
	}
	check(manager.AddEndpoint(context.Background(), key, endpoint, clientv3.WithLease(lease.ID)))
	say("registered")
	commands(func(command string) {
		switch command {
		case "delete":
			check(manager.DeleteEndpoint(context.Background(), key))
		case "revoke":
			_, err := client.Revoke(context.Background(), lease.ID)
			check(err)
		}
		say(command)
	})
}

// namingCall has a real channel. Command: call, which prints how many of 20 calls each address has answered.
func namingCall(etcd, target string) {
	builder, err := resolver.NewBuilder(connect(etcd))
	check(err)
	channel, err := grpc.NewClient("etcd:///"+target, grpc.WithResolvers(builder),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`))
	check(err)
	service := grpc_health_v1.NewHealthClient(channel)
	say("ready")
	commands(func(string) {
		answers := map[string]int{}
		for i := 0; i < 20; i++ {
			var answered peer.Peer
			ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
			_, err := service.Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.Peer(&answered))
			cancel()
			if err != nil {
				answers["failed"]++
			} else {
				answers[answered.Addr.String()]++
			}
		}
		text, err := json.Marshal(answers)
		check(err)
		say(string(text))
	})
}

// goZeroPublish publishes as a service of go-zero does. Commands: stop and pause, which revoke the lease, and resume.
func goZeroPublish(etcd, key, address string) {
	publisher := discov.NewPublisher([]string{etcd}, key, address)
	check(publisher.KeepAlive())
	say("registered")
	commands(func(command string) {
		switch command {
		case "stop":
			publisher.Stop()
		case "pause":
			publisher.Pause()
		case "resume":
			publisher.Resume()
		}
		say(command)
	})
}

// goZeroSubscribe prints the addresses it sees, whenever they change.
func goZeroSubscribe(etcd, key string) {
	subscriber, err := discov.NewSubscriber([]string{etcd}, key)
	check(err)
	show := func() {
		values := append([]string{}, subscriber.Values()...)
		sort.Strings(values)
		say(strings.Join(values, ","))
	}
	subscriber.AddListener(show)
	show()
	commands(func(string) {
		show()
	})
}

// serve answers gRPC's health checks.
func serve(addresses []string) {
	for _, address := range addresses {
		listener, err := net.Listen("tcp", address)
		check(err)
		server := grpc.NewServer()
		grpc_health_v1.RegisterHealthServer(server, health.NewServer())
		go server.Serve(listener)
	}
	say("ready")
	commands(func(string) {})
}

func connect(etcd string) *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{etcd}, DialTimeout: 5 * time.Second})
	check(err)
	return client
}

func commands(do func(command string)) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		do(lines.Text())
	}
}

func say(line string) {
	fmt.Println(line)
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(1)
}
