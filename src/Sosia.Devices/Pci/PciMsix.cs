using System;
using System.Buffers.Binary;
using Sosia.Core.Buses;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Pci;

/// <summary>
/// The MSI-X capability (PCI 3.0, section 6.8.2) with its table at offset 0 and its pending bits at offset 0x800 of a 4 KiB BAR.
/// </summary>
public sealed class PciMsix : IMmioDevice
{
    internal const ulong BarByteCount = 4096;
    private const int PendingOffset = 0x800;
    private const int EntrySize = 16;
    private const ushort ControlEnable = 1 << 15;
    private const ushort ControlMaskAll = 1 << 14;

    private readonly PciFunction _function;
    private readonly int _capability;
    private readonly byte[] _table;
    private readonly byte[] _pending = new byte[16];

    internal PciMsix(PciFunction function, int vectorCount, int barIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(vectorCount is >= 1 and <= 128, true, nameof(vectorCount));
        _function = function;
        VectorCount = vectorCount;
        _table = new byte[vectorCount * EntrySize];
        _capability = function.AddCapability(0x11, 12);
        function.DefineUInt16(_capability + 2, (ushort)(vectorCount - 1), ControlEnable | ControlMaskAll);
        function.DefineUInt32(_capability + 4, (uint)barIndex, 0);
        function.DefineUInt32(_capability + 8, PendingOffset | (uint)barIndex, 0);
        Reset();
    }

    /// <summary>How many vectors the function has.</summary>
    public int VectorCount { get; }

    /// <summary>True when the guest enabled MSI-X; the function must not use INTx then.</summary>
    public bool IsEnabled => (Control & ControlEnable) != 0;

    private ushort Control => BinaryPrimitives.ReadUInt16LittleEndian(_function.Configuration[(_capability + 2)..]);

    /// <summary>Sends a vector's message, or marks it pending while it is masked.</summary>
    /// <param name="vector">0 to <see cref="VectorCount"/> − 1; others are ignored.</param>
    public void Raise(int vector)
    {
        if ((uint)vector >= (uint)VectorCount || !IsEnabled)
        {
            return;
        }

        _pending[vector >> 3] |= (byte)(1 << (vector & 7));
        SendIfUnmasked(vector);
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int byteCount)
    {
        ulong value = 0;
        for (int i = 0; i < byteCount; i++)
        {
            int at = (int)offset + i;
            byte one = at < _table.Length ? _table[at]
                : at is >= PendingOffset and < PendingOffset + 16 ? _pending[at - PendingOffset] : (byte)0;
            value |= (ulong)one << (8 * i);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int byteCount, ulong value)
    {
        int first = (int)offset;
        for (int i = 0; i < byteCount && first + i < _table.Length; i++)
        {
            int at = first + i;
            var written = (byte)(value >> (8 * i));
            // The address is doubleword-aligned; of the vector control only bit 0 exists.
            _table[at] = (at % EntrySize) switch
            {
                0 => (byte)(written & 0xfc),
                12 => (byte)(written & 1),
                > 12 => 0,
                _ => written,
            };
        }

        int last = Math.Min((first + byteCount - 1) / EntrySize, VectorCount - 1);
        for (int vector = first / EntrySize; vector <= last; vector++)
        {
            SendIfUnmasked(vector);
        }
    }

    internal void Reset()
    {
        Array.Clear(_table);
        Array.Clear(_pending);
        for (int i = 0; i < VectorCount; i++)
        {
            _table[(i * EntrySize) + 12] = 1;
        }
    }

    internal void ConfigurationWritten()
    {
        for (int i = 0; i < _pending.Length; i++)
        {
            for (int bit = 0; _pending[i] >> bit != 0; bit++)
            {
                if ((_pending[i] & (1 << bit)) != 0)
                {
                    SendIfUnmasked((i * 8) + bit);
                }
            }
        }
    }

    internal void Save(SnapshotWriter writer)
    {
        writer.Write("msix.table", _table);
        writer.Write("msix.pending", _pending);
    }

    internal void Restore(SnapshotReader reader)
    {
        reader.ReadBytes("msix.table", _table);
        reader.ReadBytes("msix.pending", _pending);
    }

    private void SendIfUnmasked(int vector)
    {
        Span<byte> entry = _table.AsSpan(vector * EntrySize, EntrySize);
        var bit = (byte)(1 << (vector & 7));
        if ((_pending[vector >> 3] & bit) == 0 || (Control & (ControlEnable | ControlMaskAll)) != ControlEnable || (entry[12] & 1) != 0)
        {
            return;
        }

        _pending[vector >> 3] &= (byte)~bit;
        _function.Bus?.SendMessage(
            _function,
            BinaryPrimitives.ReadUInt64LittleEndian(entry),
            BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]));
    }
}
