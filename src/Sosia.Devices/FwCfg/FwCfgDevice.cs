using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.FwCfg;

/// <summary>
/// The firmware configuration interface of QEMU's PCs (QEMU, docs/specs/fw_cfg): a selector at port 0x510, a data port at 0x511 and, at
/// 0x514, the address of a descriptor by which whole items are copied to guest memory. Firmware learns from it what the machine is made of.
/// Nothing in it can be written.
/// </summary>
public sealed class FwCfgDevice : ISnapshotable
{
    /// <summary>The port of the selector; the data port is the next.</summary>
    public const int SelectorPort = 0x510;

    /// <summary>The first of the eight ports of the descriptor's address.</summary>
    public const int DmaPort = 0x514;

    /// <summary>The longest name of a file, in bytes.</summary>
    public const int MaxNameByteCount = 55;

    private const int NameFieldByteCount = MaxNameByteCount + 1;
    private const uint RevisionTraditional = 1;
    private const uint RevisionDma = 2;

    // struct FWCfgDmaAccess: control, length, address; big-endian. The item to select is in the control word's upper half.
    private const int DescriptorByteCount = 16;
    private const uint ControlError = 1;
    private const uint ControlRead = 2;
    private const uint ControlSkip = 4;
    private const uint ControlSelect = 8;
    private const uint ControlWrite = 16;

    // Selector bits that do not belong to the number: the old write channel. Bit 15, of architecture items, does.
    private const ushort NumberMask = 0xbfff;

    private readonly Dictionary<ushort, FwCfgItem> _items = [];
    private readonly SortedDictionary<string, FwCfgItem> _files = new(StringComparer.Ordinal);
    private readonly MemoryBus _memory;
    private readonly DiagnosticLog _log;
    private readonly byte[] _zeros = new byte[4096];
    private FwCfgItem? _selected;
    private ushort _selector;
    private uint _offset;
    private uint _dmaHigh;

    /// <summary>Creates the interface with its signature and revision, and an empty directory.</summary>
    /// <param name="memory">Where descriptors lie and items are copied to.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public FwCfgDevice(MemoryBus memory, DiagnosticLog log)
    {
        _memory = memory;
        _log = log;
        SelectorPorts = new Selector(this);
        DmaPorts = new Dma(this);
        Clear();
    }

    /// <inheritdoc/>
    public string SnapshotName => "fw-cfg";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>The selector and the data port.</summary>
    public IPortDevice SelectorPorts { get; }

    /// <summary>The ports of the descriptor's address.</summary>
    public IPortDevice DmaPorts { get; }

    /// <summary>The files' names, in the directory's order.</summary>
    public IReadOnlyCollection<string> FileNames => _files.Keys;

    /// <summary>Claims the ports.</summary>
    public void Map(PortBus ports)
    {
        ports.Map(SelectorPort, 2, SelectorPorts, "fw-cfg");
        ports.Map(DmaPort, 8, DmaPorts, "fw-cfg-dma");
    }

    /// <summary>Selects the signature.</summary>
    public void Reset()
    {
        _selector = 0;
        _offset = 0;
        _dmaHigh = 0;
        FindSelected();
    }

    /// <summary>Removes all items but signature and revision.</summary>
    public void Clear()
    {
        _items.Clear();
        _files.Clear();
        SetItem(FwCfgKey.Signature, [.. "QEMU"u8]);
        SetUInt32(FwCfgKey.Revision, RevisionTraditional | RevisionDma);
        NumberFiles();
    }

    /// <summary>Sets an item that has no name.</summary>
    public void SetItem(ushort key, byte[] content)
    {
        _items[key] = new FwCfgItem(content);
        FindSelected();
    }

    /// <summary>Sets a two-byte item, little-endian.</summary>
    public void SetUInt16(ushort key, ushort value) => SetItem(key, [(byte)value, (byte)(value >> 8)]);

    /// <summary>Sets a four-byte item, little-endian.</summary>
    public void SetUInt32(ushort key, uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        SetItem(key, bytes);
    }

    /// <summary>Sets an eight-byte item, little-endian.</summary>
    public void SetUInt64(ushort key, ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        SetItem(key, bytes);
    }

    /// <summary>Adds a file, or replaces one of the same name.</summary>
    /// <param name="name">Its name: 1 to <see cref="MaxNameByteCount"/> bytes of ASCII.</param>
    /// <param name="content">What it holds.</param>
    /// <exception cref="ArgumentException">The name is impossible.</exception>
    public void AddFile(string name, byte[] content) => AddFile(name, new FwCfgItem(content));

    /// <summary>Adds a file whose content is made when it is selected, because it depends on what firmware did before.</summary>
    /// <param name="name">Its name: 1 to <see cref="MaxNameByteCount"/> bytes of ASCII.</param>
    /// <param name="make">Makes what it holds; always of the same size.</param>
    /// <exception cref="ArgumentException">The name is impossible.</exception>
    public void AddFile(string name, Func<byte[]> make) => AddFile(name, new FwCfgItem(make));

    /// <summary>True when a file can have this name.</summary>
    public static bool IsFileName(string name) => name.Length is >= 1 and <= MaxNameByteCount && Ascii.IsValid(name) && !name.Contains('\0', StringComparison.Ordinal);

    /// <summary>A file's content as firmware would read it now; null when there is no such file.</summary>
    public byte[]? ReadFile(string name)
    {
        if (!_files.TryGetValue(name, out FwCfgItem? item))
        {
            return null;
        }

        item.Select();
        return item.Content;
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("selector", _selector);
        writer.Write("offset", _offset);
        writer.Write("dma-high", _dmaHigh);
        foreach ((string name, FwCfgItem item) in _files)
        {
            if (item.IsMade)
            {
                writer.Write("file:" + name, item.Content);
            }
        }
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        _selector = reader.ReadUInt16("selector");
        _offset = reader.ReadUInt32("offset");
        _dmaHigh = reader.ReadUInt32("dma-high");
        foreach ((string name, FwCfgItem item) in _files)
        {
            if (item.IsMade)
            {
                item.Content = reader.ReadBytes("file:" + name);
            }
        }

        NumberFiles();
    }

    private void AddFile(string name, FwCfgItem item)
    {
        if (!IsFileName(name))
        {
            throw new ArgumentException($"'{name}' is not a name that a firmware file can have.", nameof(name));
        }

        _files[name] = item;
        NumberFiles();
    }

    // Gives each file its selector, in the order of the names, and makes the directory: count, then {size, selector, reserved, name}; big-endian.
    private void NumberFiles()
    {
        byte[] directory = new byte[4 + (_files.Count * (8 + NameFieldByteCount))];
        BinaryPrimitives.WriteInt32BigEndian(directory, _files.Count);
        Span<byte> entry = directory.AsSpan(4);
        ushort key = FwCfgKey.FirstFile;
        foreach ((string name, FwCfgItem item) in _files)
        {
            _items[key] = item;
            BinaryPrimitives.WriteInt32BigEndian(entry, item.Content.Length);
            BinaryPrimitives.WriteUInt16BigEndian(entry[4..], key);
            Encoding.ASCII.GetBytes(name, entry[8..]);
            entry = entry[(8 + NameFieldByteCount)..];
            key++;
        }

        SetItem(FwCfgKey.Directory, directory);
    }

    private void Select(ushort selector)
    {
        _selector = selector;
        _offset = 0;
        FindSelected();
        _selected?.Select();
    }

    private void FindSelected() => _selected = _items.GetValueOrDefault((ushort)(_selector & NumberMask));

    private byte ReadByte()
    {
        byte[] content = _selected?.Content ?? [];
        return _offset < content.Length ? content[_offset++] : (byte)0;
    }

    private void RunDescriptor(ulong guestPhysical)
    {
        Span<byte> descriptor = stackalloc byte[DescriptorByteCount];
        if (!_memory.ReadBytes(guestPhysical, descriptor))
        {
            // There is nowhere to write the error to.
            _log.GuestMisuse(SnapshotName, "descriptor outside of memory", guestPhysical);
            return;
        }

        uint control = BinaryPrimitives.ReadUInt32BigEndian(descriptor);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(descriptor[4..]);
        ulong address = BinaryPrimitives.ReadUInt64BigEndian(descriptor[8..]);
        if ((control & ControlSelect) != 0)
        {
            Select((ushort)(control >> 16));
        }

        bool succeeded = true;
        if ((control & ControlRead) != 0)
        {
            succeeded = CopyOut(address, length);
        }
        else if ((control & ControlWrite) != 0)
        {
            _log.GuestMisuse(SnapshotName, "write to an item", _selector);
            succeeded = false;
        }
        else if ((control & ControlSkip) != 0)
        {
            Advance(length);
        }

        BinaryPrimitives.WriteUInt32BigEndian(descriptor, succeeded ? 0 : ControlError);
        _ = _memory.WriteBytes(guestPhysical, descriptor[..4]);
    }

    // Behind an item's end there are zeros. Memory ends somewhere, and so does a length that reaches beyond it.
    private bool CopyOut(ulong address, uint byteCount)
    {
        byte[] content = _selected?.Content ?? [];
        ReadOnlySpan<byte> rest = _offset < content.Length ? content.AsSpan((int)_offset) : [];
        rest = rest[..(int)Math.Min((uint)rest.Length, byteCount)];
        bool succeeded = _memory.WriteBytes(address, rest);
        Advance((uint)rest.Length);
        address += (uint)rest.Length;
        for (uint left = byteCount - (uint)rest.Length; left > 0 && succeeded;)
        {
            uint chunk = Math.Min(left, (uint)_zeros.Length);
            succeeded = _memory.WriteBytes(address, _zeros.AsSpan(0, (int)chunk));
            address += chunk;
            left -= chunk;
        }

        if (!succeeded)
        {
            _log.GuestMisuse(SnapshotName, "copy to where there is no memory", address);
        }

        return succeeded;
    }

    private void Advance(uint byteCount)
    {
        uint end = (uint)(_selected?.Content.Length ?? 0);
        _offset = _offset < end ? _offset + Math.Min(byteCount, end - _offset) : end;
    }

    private sealed class Selector(FwCfgDevice device) : IPortDevice
    {
        public uint ReadPort(ushort offset, int byteCount)
        {
            if (offset == 1 && byteCount == 1)
            {
                return device.ReadByte();
            }

            device._log.GuestMisuse(device.SnapshotName, "selector read", (ulong)byteCount);
            return 0;
        }

        public void WritePort(ushort offset, int byteCount, uint value)
        {
            if (offset == 0 && byteCount == 2)
            {
                device.Select((ushort)value);
            }
            else
            {
                device._log.GuestMisuse(device.SnapshotName, "write of the wrong width or to the data port", offset);
            }
        }
    }

    private sealed class Dma(FwCfgDevice device) : IPortDevice
    {
        // What the ports read as, in memory order.
        private static ReadOnlySpan<byte> Signature => "QEMU CFG"u8;

        public uint ReadPort(ushort offset, int byteCount)
        {
            uint value = 0;
            for (int i = 0; i < byteCount && offset + i < Signature.Length; i++)
            {
                value |= (uint)Signature[offset + i] << (8 * i);
            }

            return value;
        }

        public void WritePort(ushort offset, int byteCount, uint value)
        {
            // The registers are big-endian: the upper half comes first, and the write of the lower half starts the work.
            uint half = BinaryPrimitives.ReverseEndianness(value);
            switch (offset, byteCount)
            {
                case (0, 4):
                    device._dmaHigh = half;
                    break;
                case (4, 4):
                    ulong address = ((ulong)device._dmaHigh << 32) | half;
                    device._dmaHigh = 0;
                    device.RunDescriptor(address);
                    break;
                default:
                    device._log.GuestMisuse(device.SnapshotName, "descriptor address written with the wrong width", offset);
                    break;
            }
        }
    }
}
