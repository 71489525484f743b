// Command peer is a service, a caller of one, a candidate or a mutex, as Go has them: etcd's naming for gRPC, go-zero's
// discov and etcd's concurrency, unmodified; or a reader of configuration, with go-zero, viper and Kratos. The tests
// beside it start it, tell it what to do by lines on its input, and read what it sees from its output. It ends when its
// input does.
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
	"sync/atomic"
	"time"

	"github.com/zeromicro/go-zero/core/discov"
	"github.com/zeromicro/go-zero/core/logx"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.etcd.io/etcd/client/v3/naming/endpoints"
	"go.etcd.io/etcd/client/v3/naming/resolver"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"
	grpcresolver "google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

const usage = `usage: peer naming-register ETCD TARGET KEY ADDRESS METADATA
       peer naming-serve ETCD TARGET ADDRESS
       peer naming-call ETCD TARGET
       peer gozero-publish ETCD KEY ADDRESS
       peer gozero-serve ETCD KEY ADDRESS
       peer gozero-call ETCD KEY
       peer gozero-subscribe ETCD KEY
       peer campaign ETCD PREFIX VALUE
       peer lock ETCD PREFIX
       peer gozero-config ETCD KEY
       peer viper-config ETCD KEY
       peer kratos-config ETCD PREFIX
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
	case "naming-serve":
		namingServe(args[0], args[1], args[2])
	case "naming-call":
		namingCall(args[0], args[1])
	case "gozero-publish":
		goZeroPublish(args[0], args[1], args[2])
	case "gozero-serve":
		goZeroServe(args[0], args[1], args[2])
	case "gozero-call":
		goZeroCall(args[0], args[1])
	case "gozero-subscribe":
		goZeroSubscribe(args[0], args[1])
	case "campaign":
		campaign(args[0], args[1], args[2])
	case "lock":
		lock(args[0], args[1])
	case "gozero-config":
		goZeroConfig(args[0], args[1])
	case "viper-config":
		viperConfig(args[0], args[1])
	case "kratos-config":
		kratosConfig(args[0], args[1])
	case "serve":
		serve(args)
	default:
		fail(usage)
	}
}

// namingRegister puts an endpoint under a lease of its own. Commands: delete, which leaves the lease, and revoke.
func namingRegister(etcd, target, key, address, metadata string) {
	endpoint := endpoints.Endpoint{Addr: address}
	if metadata != "" {
		var values map[string]string
		check(json.Unmarshal([]byte(metadata), &values))
		endpoint.Metadata = values
	}
	client, manager, lease := register(etcd, target, key, endpoint)
	say("registered")
	commands(func(command string) {
		switch command {
		case "delete":
			check(manager.DeleteEndpoint(context.Background(), key))
		case "revoke":
			_, err := client.Revoke(context.Background(), lease)
			check(err)
		}
		say(command)
	})
}

// namingServe is a server that is registered. Command: leave, which takes it out and stops it gracefully.
func namingServe(etcd, target, address string) {
	server := listen(address)
	key := target + "/" + address
	_, manager, _ := register(etcd, target, key, endpoints.Endpoint{Addr: address})
	say("registered")
	commands(func(command string) {
		check(manager.DeleteEndpoint(context.Background(), key))
		server.GracefulStop()
		say(command)
	})
}

func register(etcd, target, key string, endpoint endpoints.Endpoint) (*clientv3.Client, endpoints.Manager, clientv3.LeaseID) {
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
	check(manager.AddEndpoint(context.Background(), key, endpoint, clientv3.WithLease(lease.ID)))
	return client, manager, lease.ID
}

// namingCall has a real channel.
func namingCall(etcd, target string) {
	builder, err := resolver.NewBuilder(connect(etcd))
	check(err)
	call("etcd:///"+target, builder)
}

// goZeroCall has a real channel to the addresses that go-zero's subscriber sees, as its zrpc has.
func goZeroCall(etcd, key string) {
	subscriber, err := discov.NewSubscriber([]string{etcd}, key)
	check(err)
	addresses := manual.NewBuilderWithScheme("gozero")
	state := func() (state grpcresolver.State) {
		for _, value := range subscriber.Values() {
			state.Addresses = append(state.Addresses, grpcresolver.Address{Addr: value})
		}
		return state
	}
	addresses.InitialState(state())
	subscriber.AddListener(func() {
		// Before there is a channel it is too early
		defer func() { _ = recover() }()
		addresses.UpdateState(state())
	})
	call("gozero:///"+key, addresses)
}

// call makes calls on a channel. Commands: call, which prints how many of 20 calls each address has answered, load,
// after which four callers call without a pause, and count, which prints how many of their calls were answered and
// how many failed.
func call(target string, builder grpcresolver.Builder) {
	channel, err := grpc.NewClient(target, grpc.WithResolvers(builder),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`))
	check(err)
	service := grpc_health_v1.NewHealthClient(channel)
	ask := func() (string, error) {
		var answered peer.Peer
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if _, err := service.Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.Peer(&answered)); err != nil {
			return "", err
		}
		return answered.Addr.String(), nil
	}
	var answered, failed atomic.Int64
	say("ready")
	commands(func(command string) {
		switch command {
		case "call":
			answers := map[string]int{}
			for i := 0; i < 20; i++ {
				address, err := ask()
				if err != nil {
					address = "failed"
				}
				answers[address]++
			}
			text, err := json.Marshal(answers)
			check(err)
			say(string(text))
		case "load":
			for i := 0; i < 4; i++ {
				go func() {
					for {
						if _, err := ask(); err != nil {
							failed.Add(1)
						} else {
							answered.Add(1)
						}
						time.Sleep(5 * time.Millisecond)
					}
				}()
			}
			say(command)
		case "count":
			say(fmt.Sprintf("%d %d", answered.Load(), failed.Load()))
		}
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

// goZeroServe is a server that is published. Command: leave, which takes it out and stops it gracefully.
func goZeroServe(etcd, key, address string) {
	server := listen(address)
	publisher := discov.NewPublisher([]string{etcd}, key, address)
	check(publisher.KeepAlive())
	say("registered")
	commands(func(command string) {
		publisher.Stop()
		server.GracefulStop()
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

// campaign is a candidate of etcd's concurrency package. Commands: campaign, which says so when it is elected, resign,
// and leader, which prints who is.
func campaign(etcd, prefix, value string) {
	election := concurrency.NewElection(session(etcd), prefix)
	say("ready")
	commands(func(command string) {
		switch command {
		case "campaign":
			say(command)
			go func() {
				check(election.Campaign(context.Background(), value))
				say(fmt.Sprintf("elected %d", election.Rev()))
			}()
			return
		case "resign":
			check(election.Resign(context.Background()))
		case "leader":
			leader, err := election.Leader(context.Background())
			check(err)
			command = string(leader.Kvs[0].Value)
		}
		say(command)
	})
}

// lock is a mutex of etcd's concurrency package. Commands: lock, which says so when it is locked, and unlock.
func lock(etcd, prefix string) {
	mutex := concurrency.NewMutex(session(etcd), prefix)
	say("ready")
	commands(func(command string) {
		switch command {
		case "lock":
			say(command)
			go func() {
				check(mutex.Lock(context.Background()))
				say("locked")
			}()
			return
		case "unlock":
			check(mutex.Unlock(context.Background()))
		}
		say(command)
	})
}

func session(etcd string) *concurrency.Session {
	session, err := concurrency.NewSession(connect(etcd), concurrency.WithTTL(ttl))
	check(err)
	return session
}

// serve answers gRPC's health checks.
func serve(addresses []string) {
	for _, address := range addresses {
		listen(address)
	}
	say("ready")
	commands(func(string) {})
}

func listen(address string) *grpc.Server {
	listener, err := net.Listen("tcp", address)
	check(err)
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go server.Serve(listener)
	return server
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
