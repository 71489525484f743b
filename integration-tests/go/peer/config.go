package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"

	"github.com/go-kratos/kratos/v2/config"
	kratoslog "github.com/go-kratos/kratos/v2/log"
	"github.com/spf13/viper"
	configurator "github.com/zeromicro/go-zero/core/configcenter"
	"github.com/zeromicro/go-zero/core/configcenter/subscriber"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// limits is what the configuration of the tests has.
type limits struct {
	Shop struct {
		Limit string
		Name  string
	}
}

// goZeroConfig reads a document as go-zero's configuration center does. Command: any, for what is true now.
func goZeroConfig(etcd, key string) {
	source, err := subscriber.NewEtcdSubscriber(subscriber.EtcdConf{Hosts: []string{etcd}, Key: key})
	check(err)
	center, err := configurator.NewConfigCenter[limits](configurator.Config{Type: "yaml"}, source)
	check(err)
	configCommands(etcd, func() (string, string) {
		values, err := center.GetConfig()
		check(err)
		return values.Shop.Limit, values.Shop.Name
	})
}

// viperConfig reads a document with viper.
func viperConfig(etcd, key string) {
	client := connect(etcd)
	configCommands(etcd, func() (string, string) {
		answer, err := client.Get(context.Background(), key)
		check(err)
		reader := viper.New()
		reader.SetConfigType(strings.TrimPrefix(filepath.Ext(key), "."))
		check(reader.ReadConfig(bytes.NewReader(answer.Kvs[0].Value)))
		return reader.GetString("shop.limit"), reader.GetString("shop.name")
	})
}

// kratosConfig reads the keys below a prefix with Kratos. Its source of etcd is in a module of its own, which does
// this with them.
func kratosConfig(etcd, prefix string) {
	client := connect(etcd)
	kratoslog.SetLogger(kratoslog.NewFilter(kratoslog.DefaultLogger, kratoslog.FilterLevel(kratoslog.LevelFatal)))
	configCommands(etcd, func() (string, string) {
		kratos := config.New(config.WithSource(&kratosSource{client, prefix}))
		defer kratos.Close()
		check(kratos.Load())
		limit, err := kratos.Value("shop.limit").String()
		check(err)
		name, err := kratos.Value("shop.name").String()
		check(err)
		return limit, name
	})
}

type kratosSource struct {
	client *clientv3.Client
	prefix string
}

func (s *kratosSource) Load() ([]*config.KeyValue, error) {
	answer, err := s.client.Get(context.Background(), s.prefix, clientv3.WithPrefix())
	if err != nil {
		return nil, err
	}
	var values []*config.KeyValue
	for _, kv := range answer.Kvs {
		key := string(kv.Key)
		values = append(values, &config.KeyValue{Key: key, Value: kv.Value,
			Format: strings.TrimPrefix(filepath.Ext(key), ".")})
	}
	return values, nil
}

func (s *kratosSource) Watch() (config.Watcher, error) {
	return &idle{make(chan struct{})}, nil
}

// idle is a watcher that sees nothing: each command loads anew.
type idle struct{ stopped chan struct{} }

func (w *idle) Next() ([]*config.KeyValue, error) {
	<-w.stopped
	return nil, context.Canceled
}

func (w *idle) Stop() error {
	close(w.stopped)
	return nil
}

// configCommands prints what is read. Commands: put KEY VALUE, with \n for the end of a line, and anything else, for
// what is true now.
func configCommands(etcd string, read func() (string, string)) {
	client := connect(etcd)
	say("ready")
	commands(func(command string) {
		if words := strings.SplitN(command, " ", 3); len(words) == 3 && words[0] == "put" {
			_, err := client.Put(context.Background(), words[1], strings.ReplaceAll(words[2], `\n`, "\n"))
			check(err)
			say("put")
			return
		}
		limit, name := read()
		say(limit + " " + name)
	})
}
