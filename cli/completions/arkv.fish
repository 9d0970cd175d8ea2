# arkv.fish - completion of arkv(1) for fish. Commands and options come from `arkv debug options`, so
# they are always those of the installed tool; archives and sources from the repository, when a
# password is set in the environment (nobody is asked for one here).

function __arkv_table
	set -q __arkv_rows; or set -g __arkv_rows (command arkv debug options 2>/dev/null)
	printf '%s\n' $__arkv_rows
end

# The words of the command so far ("key add"), without options and arguments.
function __arkv_command
	set -l found
	for word in (commandline -opc)[2..-1]
		string match -q -- '-*' $word; and continue
		for row in (__arkv_table | string match -r '^command\t.*')
			set -l cell (string split \t -- $row)
			if test "$cell[2]" = (string join ' ' -- $found $word)
				set found $found $word
				break
			else if test -z "$found"; and contains -- $word (string split ' ' -- $cell[3])
				set found $cell[2]
				break
			end
		end
	end
	string join ' ' -- $found
end

function __arkv_subcommands
	set -l prefix (__arkv_command)
	test -n "$prefix"; and set prefix "$prefix "
	for row in (__arkv_table | string match -r '^command\t.*')
		set -l name (string split \t -- $row)[2]
		test -z "$prefix"; or string match -q -- "$prefix*" $name; or continue
		set name (string sub -s (math (string length -- "$prefix") + 1) -- $name)
		string match -q '* *' $name; or echo $name
	end
end

function __arkv_options
	set -l wanted (__arkv_command)
	test -n "$wanted"; or set wanted version
	for row in (__arkv_table | string match -r '^option\t.*')
		set -l cell (string split \t -- $row)
		test "$cell[2]" = "$wanted"; or continue
		test -n "$cell[3]"; and echo $cell[3]
		test -n "$cell[4]"; and echo $cell[4]
	end
end

function __arkv_listed
	set -q ARKV_PASSWORD; or set -q ARKV_PASSWORD_FILE; or set -q ARKV_PASSWORD_COMMAND
	or set -q ARKV_KEY_FILE; or return
	command arkv archives --json 2>/dev/null </dev/null |
		string replace -rf ".*\"$argv[1]\":\"([^\"\\\\]*)\".*" '$1' | sort -u
end

function __arkv_archives
	echo latest
	__arkv_listed archive | string sub -l 8
end

function __arkv_is
	contains -- (__arkv_command) $argv
end

complete -c arkv -f
complete -c arkv -n 'string match -q -- "-*" (commandline -ct)' -a '(__arkv_options)'
complete -c arkv -a '(__arkv_subcommands)'
complete -c arkv -n '__arkv_is cat ls tree stats verify restore export' -a '(__arkv_archives)'
complete -c arkv -n '__arkv_is backup export' -a 'jsonl: dir:'
complete -c arkv -n '__arkv_is backup export "key import" "debug dump"' -F
complete -c arkv -l progress -xa 'auto always never'
complete -c arkv -l on-conflict -xa 'fail skip replace newer'
complete -c arkv -l encryption -xa 'xchacha20-poly1305 none'
complete -c arkv -l duplicates -xa 'last fail'
complete -c arkv -l compression -xa 'auto zstd:1 zstd:3 zstd:9 zstd:19'
complete -c arkv -l type -xa 'string hash list set zset stream module function jsvalue bins table'
complete -c arkv -l ttl -xa 'none any'
complete -c arkv -l permissions -xa 'all no-delete write-only read-only'
complete -c arkv -s a -l archive -xa 'all (__arkv_archives)'
complete -c arkv -s s -l source -xa '(__arkv_listed source)'
complete -c arkv -s t -l to -xa 'jsonl: dir:'
complete -c arkv -s r -l repo -xa '(__fish_complete_directories)'
complete -c arkv -l cache-dir -xa '(__fish_complete_directories)'
complete -c arkv -l spool -xa '(__fish_complete_directories)'
for option in password-file key-file key-file-new new-password-file log-file keys-from output
	complete -c arkv -l $option -rF
end
