using System;
using System.IO;
using System.IO.Compression;
using ZstdSharp;

namespace Sosia.Images.Qcow2;

/// <summary>Compressed clusters: raw deflate, or Zstandard where the header says so.</summary>
internal static class Qcow2Compression
{
    /// <summary>Expands a cluster.</summary>
    /// <param name="source">The compressed bytes; there may be others behind them.</param>
    /// <param name="sourceByteCount">How many of <paramref name="source"/>.</param>
    /// <param name="destination">Receives the whole cluster.</param>
    /// <param name="isZstd">The compression type.</param>
    public static BlockResult Expand(byte[] source, int sourceByteCount, Span<byte> destination, bool isZstd)
    {
        try
        {
            using var input = new MemoryStream(source, 0, sourceByteCount, writable: false);
            using Stream expanded = isZstd ? new DecompressionStream(input) : new DeflateStream(input, CompressionMode.Decompress);
            expanded.ReadExactly(destination);
            return BlockResult.Ok;
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or ZstdException or IOException)
        {
            return BlockResult.Corrupt;
        }
    }

    /// <summary>Compresses a cluster.</summary>
    /// <returns>How many bytes it became; 0 when it does not become smaller than <paramref name="destination"/>.</returns>
    public static int Compress(ReadOnlySpan<byte> source, byte[] destination, bool isZstd)
    {
        using var output = new MemoryStream(destination, writable: true);
        try
        {
            using Stream compressed = isZstd ? new CompressionStream(output, leaveOpen: true) : new DeflateStream(output, CompressionLevel.Optimal, leaveOpen: true);
            compressed.Write(source);
        }
        catch (NotSupportedException)
        {
            // The output has no room left.
            return 0;
        }

        return (int)output.Position;
    }
}
