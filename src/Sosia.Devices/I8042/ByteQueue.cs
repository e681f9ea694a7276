using Sosia.Core.Snapshots;

namespace Sosia.Devices.I8042;

/// <summary>A small bounded queue of bytes.</summary>
internal sealed class ByteQueue(int capacity)
{
    private readonly byte[] _bytes = new byte[capacity];
    private int _start;

    public int Count { get; private set; }

    public int Room => _bytes.Length - Count;

    /// <summary>Adds a byte; without room it is dropped.</summary>
    public void Add(byte value)
    {
        if (Room > 0)
        {
            _bytes[(_start + Count) % _bytes.Length] = value;
            Count++;
        }
    }

    public byte Take()
    {
        byte value = _bytes[_start];
        _start = (_start + 1) % _bytes.Length;
        Count--;
        return value;
    }

    public void Clear() => _start = Count = 0;

    public void Save(SnapshotWriter writer, string name)
    {
        byte[] bytes = new byte[Count];
        for (int i = 0; i < Count; i++)
        {
            bytes[i] = _bytes[(_start + i) % _bytes.Length];
        }

        writer.Write(name, bytes);
    }

    public void Restore(SnapshotReader reader, string name)
    {
        Clear();
        foreach (byte value in reader.ReadBytes(name))
        {
            Add(value);
        }
    }
}
