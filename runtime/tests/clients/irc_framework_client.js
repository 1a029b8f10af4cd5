'use strict';

// A person with irc-framework: `irc_framework_client.js PORT NAME ROOM`. libraries.rs says what it reads and prints.

const readline = require('node:readline');
const { Client } = require('irc-framework');

const [port, name, room] = process.argv.slice(2);
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
person.on('socket close', () => tell('lost'));

person.connect({ host: '127.0.0.1', port: Number(port), nick: name });

readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const [command, target, ...words] = line.split(' ');
    if (command === 'join') {
        person.join(target);
    } else if (command === 'kick') {
        person.raw('KICK', target, words[0], words.slice(1).join(' '));
    } else {
        person.say(target, words.join(' '));
    }
});
