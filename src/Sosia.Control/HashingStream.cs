using System;
using System.IO;
using System.IO.Hashing;

namespace Sosia.Control;

/// <summary>Passes writes on and hashes them (XXH3, 128 bits).</summary>
internal sealed class HashingStream(Stream next) : Stream
{
    private readonly XxHash128 _hash = new();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Gives the hash of everything written so far.</summary>
    /// <param name="destination">Takes its 16 bytes.</param>
    public void GetHash(Span<byte> destination) => _ = _hash.GetCurrentHash(destination);

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _hash.Append(buffer);
        next.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => next.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
