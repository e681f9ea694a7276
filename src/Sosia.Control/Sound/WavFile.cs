using System;
using System.Buffers.Binary;
using System.IO;
using System.Runtime.InteropServices;
using Sosia.Core;
using Sosia.Devices.Sound;

namespace Sosia.Control.Sound;

/// <summary>
/// A machine's sound as a WAV file (RIFF, PCM, 16 bits, two channels), which begins with the first sound. The header always speaks of what has been written
/// before it, so that the file is whole whenever the program ends, and however.
/// </summary>
public sealed class WavFile : ISoundSink, IDisposable
{
    private const int HeaderByteCount = 44;
    private const int FrameByteCount = 4;
    private const int BufferFrames = 12_000;

    // Sizes have 32 bits.
    private const long MaxDataByteCount = uint.MaxValue - HeaderByteCount - 3;

    private readonly string _path;
    private readonly Action<string>? _failed;
    private readonly byte[] _buffer = new byte[BufferFrames * FrameByteCount];
    private FileStream? _file;
    private long _dataByteCount;
    private int _buffered;
    private long _next = -1;

    /// <summary>Creates the file; what exists is never touched.</summary>
    /// <param name="path">The file.</param>
    /// <param name="failed">Told, on the machine's thread, in one sentence why nothing more is written; the machine goes on.</param>
    /// <exception cref="SosiaException">It exists or cannot be created.</exception>
    public WavFile(string path, Action<string>? failed = null)
    {
        _path = path;
        _failed = failed;
        try
        {
            _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
            WriteHeader();
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new SosiaException($"The file '{path}' of --sound exists already; name another one or remove it.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SosiaException($"The file '{path}' of --sound cannot be created ({error.Message.TrimEnd('.')}); name another file.", FailureKind.Configuration, error);
        }
    }

    /// <inheritdoc/>
    public void Write(long position, ReadOnlySpan<short> samples)
    {
        if (_file is null)
        {
            return;
        }

        try
        {
            // A machine that was set back in time goes on where its file is.
            if (_next >= 0 && position > _next)
            {
                Skip(position - _next);
            }

            _next = position + (samples.Length / 2);
            Append(samples);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Stop($"The sound file '{_path}' cannot be written any more ({error.Message.TrimEnd('.')}); it ends here.");
        }
    }

    /// <summary>Writes what is left and closes the file; a file in which nothing ever sounded is deleted.</summary>
    public void Dispose()
    {
        try
        {
            Flush();
            if (_file is not null && _next < 0)
            {
                File.Delete(_path);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Stop($"The end of the sound file '{_path}' cannot be written ({error.Message.TrimEnd('.')}); check where it goes.");
        }

        _file?.Dispose();
        _file = null;
    }

    private void Append(ReadOnlySpan<short> samples)
    {
        while (!samples.IsEmpty && _file is not null)
        {
            int count = Math.Min(samples.Length, (_buffer.Length - _buffered) / sizeof(short));
            if (BitConverter.IsLittleEndian)
            {
                MemoryMarshal.AsBytes(samples[..count]).CopyTo(_buffer.AsSpan(_buffered));
            }
            else
            {
                for (int i = 0; i < count; i++)
                {
                    BinaryPrimitives.WriteInt16LittleEndian(_buffer.AsSpan(_buffered + (2 * i)), samples[i]);
                }
            }

            samples = samples[count..];
            _buffered += count * sizeof(short);
            if (_buffered == _buffer.Length)
            {
                Flush();
            }
        }
    }

    // Silence is a hole in the file, which takes no room.
    private void Skip(long frames)
    {
        Flush();
        long byteCount = Math.Min(frames, MaxDataByteCount) * FrameByteCount;
        if (_file is not null && HasRoom(byteCount))
        {
            _dataByteCount += byteCount;
            _file.SetLength(HeaderByteCount + _dataByteCount);
            WriteHeader();
        }
    }

    // First the data, then the header that speaks of them.
    private void Flush()
    {
        if (_buffered == 0 || _file is null || !HasRoom(_buffered))
        {
            return;
        }

        _file.Position = HeaderByteCount + _dataByteCount;
        _file.Write(_buffer.AsSpan(0, _buffered));
        _dataByteCount += _buffered;
        _buffered = 0;
        WriteHeader();
    }

    private bool HasRoom(long byteCount)
    {
        if (byteCount <= MaxDataByteCount - _dataByteCount)
        {
            return true;
        }

        Stop($"The sound file '{_path}' has reached 4 GiB, the most that WAV files can hold; it ends here.");
        return false;
    }

    private void Stop(string why)
    {
        _file?.Dispose();
        _file = null;
        _failed?.Invoke(why);
    }

    private void WriteHeader()
    {
        Span<byte> header = stackalloc byte[HeaderByteCount];
        "RIFF"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)(HeaderByteCount - 8 + _dataByteCount));
        "WAVEfmt "u8.CopyTo(header[8..]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], 16);
        BinaryPrimitives.WriteUInt16LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteUInt16LittleEndian(header[22..], 2);
        BinaryPrimitives.WriteUInt32LittleEndian(header[24..], SoundMixer.FramesPerSecond);
        BinaryPrimitives.WriteUInt32LittleEndian(header[28..], SoundMixer.FramesPerSecond * FrameByteCount);
        BinaryPrimitives.WriteUInt16LittleEndian(header[32..], FrameByteCount);
        BinaryPrimitives.WriteUInt16LittleEndian(header[34..], 16);
        "data"u8.CopyTo(header[36..]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], (uint)_dataByteCount);
        _file!.Position = 0;
        _file.Write(header);
    }
}
