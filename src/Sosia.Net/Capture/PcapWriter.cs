using System;
using System.Buffers.Binary;
using System.IO;
using System.Threading;
using Sosia.Core;
using Sosia.Net.Frames;

namespace Sosia.Net.Capture;

/// <summary>
/// Records frames in a file as tcpdump and Wireshark read it (pcap, version 2.4, microseconds, Ethernet). A frame with work left to do is recorded whole, with its
/// checksum completed. What was recorded is in the file soon, also when no more frames follow: somebody may be reading it, and the process may be killed. Callable from any thread.
/// </summary>
public sealed class PcapWriter : IDisposable
{
    private const int HeaderByteCount = 24;
    private const int RecordByteCount = 16;
    private static readonly TimeSpan FlushDelay = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly FileStream _file;
    private readonly byte[] _buffer = new byte[RecordByteCount + FrameQueue.MaxFrameByteCount];
    private readonly TimeProvider _time;
    private readonly ITimer _flush;
    private bool _isFlushDue;
    private bool _isClosed;

    /// <summary>Creates the file, or empties the one that exists.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="time">Whose clock and timers to use; null for the host's.</param>
    /// <exception cref="SosiaException">It cannot be written.</exception>
    public PcapWriter(string path, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        try
        {
            _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
            Span<byte> header = stackalloc byte[HeaderByteCount];
            header.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(header, 0xa1b2_c3d4);
            BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
            BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
            BinaryPrimitives.WriteUInt32LittleEndian(header[16..], 0x4_0000);
            BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
            _file.Write(header);
            _file.Flush();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new SosiaException($"The capture file '{path}' cannot be written ({exception.Message}); give another pcap=FILE.");
        }

        _flush = _time.CreateTimer(_ => Flush(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Records a frame. When the file cannot be written, no more is recorded.</summary>
    public void Write(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        lock (_gate)
        {
            if (_isClosed || frame.Length > FrameQueue.MaxFrameByteCount)
            {
                return;
            }

            long microseconds = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
            BinaryPrimitives.WriteUInt32LittleEndian(_buffer, (uint)(microseconds / 1_000_000));
            BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(4), (uint)(microseconds % 1_000_000));
            BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(8), frame.Length);
            BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(12), frame.Length);
            Span<byte> copy = _buffer.AsSpan(RecordByteCount, frame.Length);
            frame.CopyTo(copy);
            if (offload.NeedsChecksum)
            {
                _ = FrameSegmenter.CompleteChecksum(copy, offload);
            }

            try
            {
                _file.Write(_buffer, 0, RecordByteCount + frame.Length);
                if (!_isFlushDue)
                {
                    _isFlushDue = true;
                    _flush.Change(FlushDelay, Timeout.InfiniteTimeSpan);
                }
            }
            catch (IOException)
            {
                // A full disk ends the record, not the machine.
                _isClosed = true;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            _flush.Dispose();
            try
            {
                _file.Dispose();
            }
            catch (IOException)
            {
                // The record ends where the disk was full.
            }
        }
    }

    private void Flush()
    {
        lock (_gate)
        {
            _isFlushDue = false;
            if (_isClosed)
            {
                return;
            }

            try
            {
                _file.Flush();
            }
            catch (IOException)
            {
                _isClosed = true;
            }
        }
    }
}
