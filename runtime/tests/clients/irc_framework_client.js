'use strict';

// A person with irc-framework: `irc_framework_client.js PORT NAME ROOM [PASSWORD ADDRESS]`. libraries.rs says what it reads and
// prints. With the last two, it connects as a gateway would for a client at that address: gateway.rs says what it prints then.

const readline = require('node:readline');
const { Client } = require('irc-framework');

const [port, name, room, password, address] = process.argv.slice(2);
const tell = (...words) => console.log(words.join(' '));
const person = new Client();

// It waits between two and seven seconds before it connects again: the shortest of them.
Math.random = () => 0;

person.on('registered', () => {
    person.join(room);
    // Who loses a connection within five seconds is taken for banned, and stays away.
    setTimeout(() => tell('settled'), 5001);
});
person.on('join', ({ channel, nick }) => tell('joined', channel, nick));
person.on('message', ({ target, nick, message }) => tell('heard', target, nick, message));
person.on('kick', ({ channel, kicked, nick, message }) => tell('kicked', channel, kicked, nick, message));
person.on('whois', ({ nick, hostname, actual_ip }) => tell('whois', nick, hostname, actual_ip || 'none'));
person.on('irc error', ({ reason }) => tell('error', reason));
person.on('socket close', () => tell('lost'));

const options = { secure: true, 'remote-port': '5001' };
const webirc = password && { password, username: 'gateway', hostname: 'host.example', address, options };
person.connect({ host: '127.0.0.1', port: Number(port), nick: name, webirc });

readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const [command, target, ...words] = line.split(' ');
    if (command === 'join') {
        person.join(target);
    } else if (command === 'whois') {
        person.whois(target);
    } else if (command === 'kick') {
        person.raw('KICK', target, words[0], words.slice(1).join(' '));
    } else {
        person.say(target, words.join(' '));
    }
});
