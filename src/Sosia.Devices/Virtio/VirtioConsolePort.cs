using System;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Virtio;

/// <summary>One port of a virtio console device: a two-way stream of bytes. Members are for the machine's thread.</summary>
public sealed class VirtioConsolePort
{
    private const int Capacity = 4096;

    private readonly VirtioConsoleDevice _device;
    private readonly byte[] _fifo = new byte[Capacity];
    private int _first;
    private int _count;

    internal VirtioConsolePort(VirtioConsoleDevice device, int number, string name, IVirtioConsoleBackend backend)
    {
        _device = device;
        Number = number;
        Name = name;
        Backend = backend;
    }

    /// <summary>The port's number; 0 is the console.</summary>
    public int Number { get; }

    /// <summary>The name that the guest sees (/dev/virtio-ports/NAME on Linux); empty for none.</summary>
    public string Name { get; }

    /// <summary>Called when <see cref="Receive"/> may accept more bytes than before.</summary>
    public Action? RoomAvailable { get; set; }

    /// <summary>How many bytes <see cref="Receive"/> would accept now.</summary>
    public int ReceiveRoom => Capacity - _count;

    /// <summary>True when the guest has opened the port (several ports only).</summary>
    public bool IsOpenInGuest { get; internal set; }

    internal IVirtioConsoleBackend Backend { get; }

    internal bool HasInput => _count != 0;

    /// <summary>Bytes arrive for the guest. They wait here until the guest takes them, also through a reset of the device.</summary>
    /// <returns>How many were accepted; the rest must be offered again after <see cref="RoomAvailable"/>.</returns>
    public int Receive(ReadOnlySpan<byte> bytes)
    {
        int accepted = Math.Min(bytes.Length, ReceiveRoom);
        for (int i = 0; i < accepted; i++)
        {
            _fifo[(_first + _count + i) % Capacity] = bytes[i];
        }

        _count += accepted;
        if (accepted != 0)
        {
            _device.InputArrived(this);
        }

        return accepted;
    }

    /// <summary>Moves waiting bytes into a request's buffers.</summary>
    /// <returns>How many; negative when a buffer lies outside RAM.</returns>
    internal int MoveTo(DescriptorChain chain)
    {
        int total = (int)Math.Min((ulong)_count, chain.WritableByteCount);
        for (int done = 0; done < total;)
        {
            int chunk = Math.Min(total - done, Capacity - _first);
            if (!chain.TryWrite((ulong)done, _fifo.AsSpan(_first, chunk)))
            {
                return -1;
            }

            _first = (_first + chunk) % Capacity;
            _count -= chunk;
            done += chunk;
        }

        return total;
    }

    internal void Save(SnapshotWriter writer)
    {
        byte[] waiting = new byte[_count];
        for (int i = 0; i < _count; i++)
        {
            waiting[i] = _fifo[(_first + i) % Capacity];
        }

        writer.Write($"port{Number}.input", waiting);
        writer.Write($"port{Number}.open", IsOpenInGuest);
    }

    internal void Restore(SnapshotReader reader)
    {
        byte[] waiting = reader.ReadBytes($"port{Number}.input");
        _first = 0;
        _count = Math.Min(waiting.Length, Capacity);
        waiting.AsSpan(0, _count).CopyTo(_fifo);
        IsOpenInGuest = reader.ReadBoolean($"port{Number}.open");
    }
}
