using System;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Sosia.Host.Linux.Randomness;

namespace Sosia.Display.Rfb;

/// <summary>The server's side of the beginning of a connection: versions, security, password (RFC 6143, sections 7.1 and 7.2).</summary>
internal sealed class RfbHandshake
{
    private const int VersionByteCount = 12;
    private const byte SecurityNone = 1;
    private const byte SecurityVnc = 2;

    private readonly Stream _stream;
    private readonly string? _password;
    private readonly LoginGuard _guard;
    private readonly RfbBuffer _buffer = new();

    public RfbHandshake(Stream stream, string? password, LoginGuard guard)
    {
        _stream = stream;
        _password = password;
        _guard = guard;
    }

    /// <summary>Lets the client in.</summary>
    /// <exception cref="RfbException">It is not let in.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        byte[] version = new byte[VersionByteCount];
        await _stream.WriteAsync("RFB 003.008\n"u8.ToArray(), cancellation).ConfigureAwait(false);
        await _stream.ReadExactlyAsync(version, cancellation).ConfigureAwait(false);
        int minor = ParseMinor(version);
        byte type = _password is null ? SecurityNone : SecurityVnc;
        if (type == SecurityVnc && !_guard.IsOpen)
        {
            await RefuseAsync(minor, "Too many wrong passwords; try again later.", cancellation).ConfigureAwait(false);
            throw new RfbException("too many wrong passwords");
        }

        _buffer.Clear();
        if (minor == 3)
        {
            _buffer.AddInt32(type);
            await FlushAsync(cancellation).ConfigureAwait(false);
        }
        else
        {
            _buffer.AddByte(1);
            _buffer.AddByte(type);
            await FlushAsync(cancellation).ConfigureAwait(false);
            byte[] chosen = new byte[1];
            await _stream.ReadExactlyAsync(chosen, cancellation).ConfigureAwait(false);
            if (chosen[0] != type)
            {
                throw new RfbException("unknown security type");
            }
        }

        if (type == SecurityVnc)
        {
            await CheckPasswordAsync(minor, cancellation).ConfigureAwait(false);
        }

        if (type == SecurityVnc || minor == 8)
        {
            _buffer.AddInt32(0);
            await FlushAsync(cancellation).ConfigureAwait(false);
        }
    }

    private static int ParseMinor(ReadOnlySpan<byte> version)
    {
        if (!version.StartsWith("RFB 003."u8) || version[11] != '\n' || !int.TryParse(version[8..11], out int minor))
        {
            throw new RfbException("no RFB version");
        }

        // Versions that were never published are spoken to as 3.3 (RFC 6143, section 7.1.1).
        return minor switch
        {
            7 => 7,
            >= 8 => 8,
            _ => 3,
        };
    }

    private async Task CheckPasswordAsync(int minor, CancellationToken cancellation)
    {
        byte[] challenge = new byte[VncDes.ChallengeByteCount];
        HostRandom.Fill(challenge);
        byte[] answer = new byte[VncDes.ChallengeByteCount];
        await _stream.WriteAsync(challenge, cancellation).ConfigureAwait(false);
        await _stream.ReadExactlyAsync(answer, cancellation).ConfigureAwait(false);
        byte[] expected = VncDes.Answer(Encoding.UTF8.GetBytes(_password!), challenge);
        // Who was asked before the others failed does not get around the pause.
        if (_guard.IsOpen && CryptographicOperations.FixedTimeEquals(answer, expected))
        {
            _guard.Succeeded();
            return;
        }

        _guard.Failed();
        _buffer.AddInt32(1);
        if (minor == 8)
        {
            AddReason("The password is wrong.");
        }

        await FlushAsync(cancellation).ConfigureAwait(false);
        throw new RfbException("wrong password");
    }

    private async Task RefuseAsync(int minor, string reason, CancellationToken cancellation)
    {
        if (minor == 3)
        {
            _buffer.AddInt32(0);
        }
        else
        {
            _buffer.AddByte(0);
        }

        AddReason(reason);
        await FlushAsync(cancellation).ConfigureAwait(false);
    }

    private void AddReason(string reason)
    {
        byte[] text = Encoding.ASCII.GetBytes(reason);
        _buffer.AddInt32(text.Length);
        _buffer.Add(text);
    }

    private async Task FlushAsync(CancellationToken cancellation)
    {
        await _stream.WriteAsync(_buffer.Memory, cancellation).ConfigureAwait(false);
        _buffer.Clear();
    }
}
