using System;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Usb.Hid;

/// <summary>A bounded queue of reports of the same size.</summary>
internal sealed class HidReportQueue(int reportByteCount, int capacity)
{
    private readonly byte[] _bytes = new byte[reportByteCount * capacity];
    private int _start;

    public int Count { get; private set; }

    public int Room => capacity - Count;

    /// <summary>Adds a report; without room it is dropped.</summary>
    public void Add(ReadOnlySpan<byte> report)
    {
        if (Room > 0)
        {
            report.CopyTo(At(Count++));
        }
    }

    /// <summary>Takes the oldest report.</summary>
    public void Take(Span<byte> report)
    {
        At(0).CopyTo(report);
        _start = (_start + 1) % capacity;
        Count--;
    }

    public void Clear() => _start = Count = 0;

    public void Save(SnapshotWriter writer, string name)
    {
        byte[] bytes = new byte[Count * reportByteCount];
        for (int i = 0; i < Count; i++)
        {
            At(i).CopyTo(bytes.AsSpan(i * reportByteCount));
        }

        writer.Write(name, bytes);
    }

    public void Restore(SnapshotReader reader, string name)
    {
        Clear();
        ReadOnlySpan<byte> bytes = reader.ReadBytes(name);
        for (; bytes.Length >= reportByteCount; bytes = bytes[reportByteCount..])
        {
            Add(bytes[..reportByteCount]);
        }
    }

    private Span<byte> At(int index) => _bytes.AsSpan((_start + index) % capacity * reportByteCount, reportByteCount);
}
