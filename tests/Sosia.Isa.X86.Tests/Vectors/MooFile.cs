using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Text;

namespace Sosia.Isa.X86.Tests.Vectors;

/// <summary>
/// Reads a file of recorded tests in the MOO format, version 1: chunks of four letters, a length and data; a TEST chunk holds an index
/// and further chunks.
/// </summary>
public static class MooFile
{
    private const int RegisterCount = 14;

    /// <summary>All tests of a gzip-compressed file.</summary>
    public static List<MooTest> Read(string path)
    {
        using var file = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var whole = new MemoryStream();
        file.CopyTo(whole);
        var tests = new List<MooTest>();
        foreach ((string name, byte[] data) in Chunks(whole.ToArray()))
        {
            if (name == "TEST")
            {
                tests.Add(Parse(data.AsSpan(4).ToArray()));
            }
        }

        return tests;
    }

    private static MooTest Parse(byte[] data)
    {
        string text = string.Empty;
        byte[] bytes = [];
        ushort[] before = new ushort[RegisterCount];
        ushort[] after = new ushort[RegisterCount];
        List<(uint, byte)> memory = [];
        List<(uint, byte)> finalMemory = [];
        int exception = -1;
        foreach ((string name, byte[] part) in Chunks(data))
        {
            switch (name)
            {
                case "NAME":
                    text = Encoding.ASCII.GetString(part, 4, part.Length - 4);
                    break;
                case "BYTS":
                    bytes = part[4..];
                    break;
                case "INIT":
                    memory = State(part, before);
                    before.CopyTo(after, 0);
                    break;
                case "FINA":
                    finalMemory = State(part, after);
                    break;
                case "EXCP":
                    exception = part[0];
                    break;
                default:
                    break;
            }
        }

        return new MooTest(text, bytes, before, memory, after, finalMemory, exception);
    }

    private static List<(uint, byte)> State(byte[] data, ushort[] registers)
    {
        var memory = new List<(uint, byte)>();
        foreach ((string name, byte[] part) in Chunks(data))
        {
            if (name == "REGS")
            {
                int mask = BinaryPrimitives.ReadUInt16LittleEndian(part);
                int at = 2;
                for (int i = 0; i < RegisterCount; i++)
                {
                    if (((mask >> i) & 1) != 0)
                    {
                        registers[i] = BinaryPrimitives.ReadUInt16LittleEndian(part.AsSpan(at));
                        at += 2;
                    }
                }
            }
            else if (name == "RAM ")
            {
                for (int at = 4; at < part.Length; at += 5)
                {
                    memory.Add((BinaryPrimitives.ReadUInt32LittleEndian(part.AsSpan(at)), part[at + 4]));
                }
            }
        }

        return memory;
    }

    private static IEnumerable<(string Name, byte[] Data)> Chunks(byte[] data)
    {
        for (int at = 0; at + 8 <= data.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan(at + 4));
            yield return (Encoding.ASCII.GetString(data, at, 4), data[(at + 8)..(at + 8 + length)]);
            at += 8 + length;
        }
    }
}
