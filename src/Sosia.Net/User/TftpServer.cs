using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Sosia.Core;
using Sosia.Host.Linux.Files;

namespace Sosia.Net.User;

/// <summary>
/// Serves the files of one folder, to be read only (TFTP, RFC 1350, with the options of RFC 2347 to 2349: blksize, timeout, tsize). Names cannot lead out of the
/// folder. Transfers are few, and the oldest makes way.
/// </summary>
internal sealed class TftpServer : IDisposable
{
    public const ushort Port = 69;

    private const int MaxTransfers = 64;
    private const int MaxBlock = GuestSide.MaxPacketByteCount - GuestSide.IpByteCount - UdpTable.HeaderByteCount - HeaderByteCount;
    private const int HeaderByteCount = 4;
    private const int MaxRetries = 8;
    private const long RetryMilliseconds = 2000;

    private const ushort ReadRequest = 1;
    private const ushort WriteRequest = 2;
    private const ushort Data = 3;
    private const ushort Acknowledgment = 4;
    private const ushort Error = 5;
    private const ushort OptionAcknowledgment = 6;

    private readonly Dictionary<(uint Address, ushort Port), Transfer> _transfers = [];
    private readonly byte[] _datagram = new byte[GuestSide.MaxPacketByteCount];
    private readonly FolderRoot _folder;
    private readonly GuestSide _guest;

    /// <summary>Opens the folder.</summary>
    /// <exception cref="SosiaException">It cannot be used.</exception>
    public TftpServer(string folder, GuestSide guest)
    {
        _folder = FolderRoot.Open(folder, out int error)
            ?? throw new SosiaException($"The folder '{folder}' of tftp= cannot be served ({HostError.Describe(error)}); name one that can be read.");
        _guest = guest;
    }

    public int TransferCount => _transfers.Count;

    /// <summary>A datagram for the server.</summary>
    public void Receive(uint server, uint client, ushort clientPort, ReadOnlySpan<byte> data, long now)
    {
        if (data.Length < HeaderByteCount)
        {
            return;
        }

        var key = (client, clientPort);
        switch (BinaryPrimitives.ReadUInt16BigEndian(data))
        {
            case ReadRequest:
                Begin(server, key, data[2..], now);
                break;
            case WriteRequest:
                SendError(server, key, 2, "read only");
                break;
            case Acknowledgment when _transfers.TryGetValue(key, out Transfer? transfer):
                GoOn(key, transfer, BinaryPrimitives.ReadUInt16BigEndian(data[2..]), now);
                break;
            case Error:
                End(key);
                break;
        }
    }

    /// <summary>Sends again what was not acknowledged.</summary>
    public void RunTimers(long now)
    {
        foreach (((uint Address, ushort Port) key, Transfer transfer) in new List<KeyValuePair<(uint Address, ushort Port), Transfer>>(_transfers))
        {
            if (now - transfer.SentAt < RetryMilliseconds)
            {
                continue;
            }

            if (++transfer.Retries > MaxRetries)
            {
                End(key);
                continue;
            }

            transfer.SentAt = now;
            SendBlock(key, transfer);
        }
    }

    public void Dispose()
    {
        Clear();
        _folder.Dispose();
    }

    public void Clear()
    {
        foreach (Transfer transfer in _transfers.Values)
        {
            transfer.File.Dispose();
        }

        _transfers.Clear();
    }

    private static bool TryTakeText(ref ReadOnlySpan<byte> bytes, out string text)
    {
        int end = bytes.IndexOf((byte)0);
        text = end < 0 ? string.Empty : Encoding.UTF8.GetString(bytes[..end]);
        bytes = end < 0 ? [] : bytes[(end + 1)..];
        return end >= 0;
    }

    private void Begin(uint server, (uint Address, ushort Port) key, ReadOnlySpan<byte> request, long now)
    {
        if (!TryTakeText(ref request, out string name) || !TryTakeText(ref request, out string mode))
        {
            SendError(server, key, 4, "malformed request");
            return;
        }

        if (!mode.Equals("octet", StringComparison.OrdinalIgnoreCase) && !mode.Equals("netascii", StringComparison.OrdinalIgnoreCase))
        {
            SendError(server, key, 4, "unknown mode");
            return;
        }

        // Clients write paths from the server's root or not, and those of one system with the other slash.
        string path = name.Replace('\\', '/').TrimStart('/');
        HostFile? file = path.Length == 0 ? null : _folder.OpenFile(path, out _);
        if (file is null)
        {
            SendError(server, key, 1, "no such file");
            return;
        }

        if (file.TryGetByteCount(out ulong byteCount) != 0)
        {
            file.Dispose();
            SendError(server, key, 0, "the file cannot be read");
            return;
        }

        End(key);
        if (_transfers.Count >= MaxTransfers)
        {
            EndOldest();
        }

        var transfer = new Transfer(file, byteCount, server) { SentAt = now };
        transfer.Options = ReadOptions(request, transfer);
        _transfers.Add(key, transfer);
        if (transfer.Options.Length == 0)
        {
            transfer.Block = 1;
        }

        SendBlock(key, transfer);
    }

    private static string ReadOptions(ReadOnlySpan<byte> request, Transfer transfer)
    {
        var accepted = new StringBuilder();
        while (TryTakeText(ref request, out string option) && TryTakeText(ref request, out string value))
        {
            bool isNumber = uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint number);
            switch (option.ToUpperInvariant())
            {
                case "BLKSIZE" when isNumber && number is >= 8 and <= 65464:
                    transfer.BlockByteCount = (int)Math.Min(number, MaxBlock);
                    accepted.Append(CultureInfo.InvariantCulture, $"blksize\0{transfer.BlockByteCount}\0");
                    break;
                case "TSIZE" when isNumber:
                    accepted.Append(CultureInfo.InvariantCulture, $"tsize\0{transfer.ByteCount}\0");
                    break;
                case "TIMEOUT" when isNumber && number is >= 1 and <= 255:
                    accepted.Append(CultureInfo.InvariantCulture, $"timeout\0{number}\0");
                    break;
            }

            if (accepted.Length > 200)
            {
                break;
            }
        }

        return accepted.ToString();
    }

    private void GoOn((uint Address, ushort Port) key, Transfer transfer, ushort block, long now)
    {
        if (block != (ushort)transfer.Block)
        {
            return;
        }

        if (transfer.Block != 0 && transfer.Block * transfer.BlockByteCount > transfer.ByteCount)
        {
            // The last block is shorter than the others, perhaps empty.
            End(key);
            return;
        }

        transfer.Block++;
        transfer.Retries = 0;
        transfer.SentAt = now;
        SendBlock(key, transfer);
    }

    private void SendBlock((uint Address, ushort Port) key, Transfer transfer)
    {
        Span<byte> body = _datagram.AsSpan(UdpTable.HeaderByteCount);
        int byteCount;
        if (transfer.Block == 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(body, OptionAcknowledgment);
            byteCount = 2 + Encoding.ASCII.GetBytes(transfer.Options, body[2..]);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(body, Data);
            BinaryPrimitives.WriteUInt16BigEndian(body[2..], (ushort)transfer.Block);
            long offset = (transfer.Block - 1) * transfer.BlockByteCount;
            int wanted = (int)Math.Clamp(transfer.ByteCount - offset, 0, transfer.BlockByteCount);
            if (transfer.File.Read((ulong)offset, body.Slice(HeaderByteCount, wanted), out int count) != 0)
            {
                SendError(transfer.Server, key, 0, "the file cannot be read");
                End(key);
                return;
            }

            // A file that has become shorter since goes on as zeros, as its announced size says.
            body[(HeaderByteCount + count)..(HeaderByteCount + wanted)].Clear();
            byteCount = HeaderByteCount + wanted;
        }

        _guest.SendUdp(_datagram.AsSpan(0, UdpTable.HeaderByteCount + byteCount), transfer.Server, Port, key.Address, key.Port);
    }

    private void SendError(uint server, (uint Address, ushort Port) key, ushort code, string text)
    {
        Span<byte> body = _datagram.AsSpan(UdpTable.HeaderByteCount);
        BinaryPrimitives.WriteUInt16BigEndian(body, Error);
        BinaryPrimitives.WriteUInt16BigEndian(body[2..], code);
        int byteCount = HeaderByteCount + Encoding.ASCII.GetBytes(text, body[HeaderByteCount..]);
        body[byteCount++] = 0;
        _guest.SendUdp(_datagram.AsSpan(0, UdpTable.HeaderByteCount + byteCount), server, Port, key.Address, key.Port);
    }

    private void End((uint Address, ushort Port) key)
    {
        if (_transfers.Remove(key, out Transfer? transfer))
        {
            transfer.File.Dispose();
        }
    }

    private void EndOldest()
    {
        (uint Address, ushort Port) oldest = default;
        long since = long.MaxValue;
        foreach (((uint Address, ushort Port) key, Transfer transfer) in _transfers)
        {
            if (transfer.SentAt < since)
            {
                (oldest, since) = (key, transfer.SentAt);
            }
        }

        End(oldest);
    }

    private sealed class Transfer(HostFile file, ulong byteCount, uint server)
    {
        public HostFile File { get; } = file;

        public uint Server { get; } = server;

        public long ByteCount { get; } = (long)byteCount;

        public int BlockByteCount { get; set; } = 512;

        public string Options { get; set; } = string.Empty;

        /// <summary>The block that was sent last; 0 is the answer to the options.</summary>
        public long Block { get; set; }

        public long SentAt { get; set; }

        public int Retries { get; set; }
    }
}
