using System;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using Sosia.Devices.Uart16550;

namespace Sosia.Control;

/// <summary>
/// The terminal at a machine's first serial port, for programs: what the guest wrote, what to type, and waiting for text. Output goes on
/// to whatever the machine's options connect to the port.
/// </summary>
public sealed class GuestConsole : ISerialBackend
{
    // Beyond this the older half of the transcript is forgotten.
    private const int MaxTranscriptByteCount = 16 << 20;

    private readonly Lock _lock = new();
    private readonly ISerialBackend _next;
    private VirtualMachine? _machine;
    private byte[] _bytes = new byte[1 << 16];
    private int _count;
    private int _consumed;
    private long _total;

    internal GuestConsole(ISerialBackend next)
    {
        _next = next;
    }

    /// <summary>Everything that the guest has written (the last 8 MiB at least), as UTF-8 text with its own line ends (usually CR LF).</summary>
    public string Transcript
    {
        get
        {
            lock (_lock)
            {
                return Encoding.UTF8.GetString(_bytes, 0, _count);
            }
        }
    }

    /// <summary>How many bytes the guest has written since power-on.</summary>
    public long ByteCount => Volatile.Read(ref _total);

    internal VirtualMachine Machine
    {
        get => _machine!;
        set => _machine = value;
    }

    /// <summary>Types text. Callable from any thread; the guest gets it as fast as it reads.</summary>
    public void Send(string text) => Machine.SendSerial(0, Encoding.UTF8.GetBytes(text));

    /// <summary>
    /// Waits until the guest writes a text, counted from the end of the last one that was waited for. Runs the machine on this thread
    /// unless it is running already.
    /// </summary>
    /// <param name="text">The exact characters.</param>
    /// <param name="timeout">How much host time to give it; a minute when null.</param>
    /// <returns>What the guest wrote up to and including the text.</returns>
    /// <exception cref="ExpectException">The time passed, or the machine ended before.</exception>
    public string Expect(string text, TimeSpan? timeout = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return Wait(new TextSearch(this, Encoding.UTF8.GetBytes(text)), $"'{text}'", timeout);
    }

    /// <summary>As <see cref="Expect(string, TimeSpan?)"/>, for a regular expression over what has come since the last match.</summary>
    public string Expect(Regex pattern, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return Wait(new RegexSearch(this, pattern), $"/{pattern}/", timeout);
    }

    /// <summary>As <see cref="Expect(string, TimeSpan?)"/>, on a thread of the pool.</summary>
    public Task<string> ExpectAsync(string text, TimeSpan? timeout = null) => Task.Run(() => Expect(text, timeout));

    /// <summary>As <see cref="Expect(Regex, TimeSpan?)"/>, on a thread of the pool.</summary>
    public Task<string> ExpectAsync(Regex pattern, TimeSpan? timeout = null) => Task.Run(() => Expect(pattern, timeout));

    /// <inheritdoc/>
    public void Transmit(byte value)
    {
        lock (_lock)
        {
            if (_count == _bytes.Length)
            {
                MakeRoom();
            }

            _bytes[_count++] = value;
            Volatile.Write(ref _total, _total + 1);
        }

        _next.Transmit(value);
    }

    /// <inheritdoc/>
    public void BreakChanged(bool isBreak) => _next.BreakChanged(isBreak);

    /// <inheritdoc/>
    public void ModemControlChanged(bool dataTerminalReady, bool requestToSend) => _next.ModemControlChanged(dataTerminalReady, requestToSend);

    private string Wait(ConsoleSearch search, string description, TimeSpan? timeout)
    {
        TimeSpan limit = timeout ?? TimeSpan.FromMinutes(1);
        RunResult result = Machine.RunUntil(search.IsFound, limit);
        if (result.Reason == StopReason.ConditionMet || search.IsFound())
        {
            return search.Consume();
        }

        throw new ExpectException($"The guest did not write {description} {ExpectException.Why(result, limit)}. Its last output:\n{Tail()}", result);
    }

    private string Tail()
    {
        lock (_lock)
        {
            int start = Math.Max(0, _count - 2000);
            return Encoding.UTF8.GetString(_bytes, start, _count - start);
        }
    }

    private void MakeRoom()
    {
        if (_bytes.Length < MaxTranscriptByteCount)
        {
            Array.Resize(ref _bytes, _bytes.Length * 2);
            return;
        }

        int forgotten = _count / 2;
        _bytes.AsSpan(forgotten, _count - forgotten).CopyTo(_bytes);
        _count -= forgotten;
        _consumed = Math.Max(0, _consumed - forgotten);
    }

    // A condition that is evaluated between runs of the guest: cheap while nothing new has come.
    private abstract class ConsoleSearch(GuestConsole console)
    {
        private long _seen = -1;
        private int _end = -1;

        protected GuestConsole Console => console;

        public bool IsFound()
        {
            if (_end >= 0)
            {
                return true;
            }

            if (console.ByteCount == _seen)
            {
                return false;
            }

            lock (console._lock)
            {
                _seen = console._total;
                int length = Find(console._bytes.AsSpan(console._consumed, console._count - console._consumed));
                _end = length < 0 ? -1 : console._consumed + length;
                return _end >= 0;
            }
        }

        public string Consume()
        {
            lock (console._lock)
            {
                string seen = Encoding.UTF8.GetString(console._bytes, console._consumed, _end - console._consumed);
                console._consumed = _end;
                return seen;
            }
        }

        // The number of bytes up to the end of the match, or −1.
        protected abstract int Find(ReadOnlySpan<byte> bytes);
    }

    private sealed class TextSearch(GuestConsole console, byte[] text) : ConsoleSearch(console)
    {
        private int _searched;

        protected override int Find(ReadOnlySpan<byte> bytes)
        {
            // Fewer bytes than were searched: the transcript's older part was forgotten.
            int start = _searched <= bytes.Length ? _searched : 0;
            int index = bytes[start..].IndexOf(text);
            _searched = Math.Max(0, bytes.Length - text.Length + 1);
            return index < 0 ? -1 : start + index + text.Length;
        }
    }

    private sealed class RegexSearch(GuestConsole console, Regex pattern) : ConsoleSearch(console)
    {
        protected override int Find(ReadOnlySpan<byte> bytes)
        {
            string text = Encoding.UTF8.GetString(bytes);
            Match match = pattern.Match(text);
            return match.Success ? Encoding.UTF8.GetByteCount(text.AsSpan(0, match.Index + match.Length)) : -1;
        }
    }
}
