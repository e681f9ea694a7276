using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Sosia.Core.Snapshots;
using Sosia.Devices.Common;

namespace Sosia.Devices.Virtio;

/// <summary>
/// A virtio input device (virtio 1.2, section 5.8) that is an absolute pointer with five buttons and a wheel: queue 0 carries events to the driver,
/// queue 1 the driver's, of which a tablet has none.
/// </summary>
public sealed class VirtioTabletDevice : VirtioDevice, IAbsolutePointer
{
    private const int SelectOffset = 0;
    private const int SubselectOffset = 1;
    private const int SizeOffset = 2;
    private const int UnionOffset = 8;
    private const int UnionByteCount = 128;

    private const byte SelectName = 0x01;
    private const byte SelectSerial = 0x02;
    private const byte SelectIds = 0x03;
    private const byte SelectEventBits = 0x11;
    private const byte SelectAxis = 0x12;

    private const ushort TypeSynchronize = 0;
    private const byte TypeKey = 1;
    private const byte TypeRelative = 2;
    private const byte TypeAbsolute = 3;
    private const byte AxisX = 0;
    private const byte AxisY = 1;
    private const ushort RelativeWheel = 8;
    private const ushort FirstButton = 0x110;
    private const int ButtonCount = 5;

    private const ushort VirtualBus = 6;
    private const ushort ProductTablet = 3;
    private const int EventByteCount = 8;
    private const int MaxWaiting = 256;

    private readonly DescriptorChain _chain;
    private readonly Queue<ulong> _waiting = [];
    private byte _buttons;
    private int _x = -1;
    private int _y = -1;

    /// <summary>Creates the device in its reset state.</summary>
    /// <param name="context">The machine's parts that it uses.</param>
    /// <param name="name">Its name, unique in the machine.</param>
    public VirtioTabletDevice(VirtioContext context, string name)
        : base(context, name, VirtioDeviceId.Input, 0, UnionOffset + UnionByteCount, [64, 64])
    {
        ArgumentNullException.ThrowIfNull(context);
        _chain = new DescriptorChain(context.Memory);
    }

    /// <inheritdoc/>
    public bool IsUsed => IsRunning && Queue(0).IsEnabled;

    /// <inheritdoc/>
    public void Move(int x, int y, int wheel, byte buttons)
    {
        // A driver that is far behind loses movements, but no release of a button.
        if (!IsUsed || (_waiting.Count > MaxWaiting && buttons == _buttons) || _waiting.Count > 2 * MaxWaiting)
        {
            return;
        }

        int before = _waiting.Count;
        x = Math.Clamp(x, 0, IAbsolutePointer.MaxCoordinate);
        y = Math.Clamp(y, 0, IAbsolutePointer.MaxCoordinate);
        if (x != _x)
        {
            Add(TypeAbsolute, AxisX, x);
        }

        if (y != _y)
        {
            Add(TypeAbsolute, AxisY, y);
        }

        (_x, _y) = (x, y);
        for (int i = 0; i < ButtonCount; i++)
        {
            if (((_buttons ^ buttons) & (1 << i)) != 0)
            {
                Add(TypeKey, (ushort)(FirstButton + i), (buttons >> i) & 1);
            }
        }

        _buttons = buttons;
        if (wheel != 0)
        {
            Add(TypeRelative, RelativeWheel, Math.Clamp(wheel, -16, 16));
        }

        if (_waiting.Count != before)
        {
            Add(TypeSynchronize, 0, 0);
            Service(0);
        }
    }

    /// <inheritdoc/>
    protected override bool ServiceQueue(VirtQueue queue)
    {
        ArgumentNullException.ThrowIfNull(queue);
        if (queue.Index == 0)
        {
            return SendEvents(queue);
        }

        for (int i = 0; i < RequestsPerTurn; i++)
        {
            if (!queue.TryPop(_chain))
            {
                return false;
            }

            queue.Push(_chain.Head, 0);
        }

        return true;
    }

    /// <inheritdoc/>
    protected override void OnReset()
    {
        _waiting.Clear();
        _buttons = 0;
        _x = _y = -1;
        Configuration.Clear();
    }

    /// <inheritdoc/>
    protected override bool TryWriteConfiguration(int offset, int byteCount, ulong value)
    {
        if (offset + byteCount > SizeOffset)
        {
            return false;
        }

        for (int i = 0; i < byteCount; i++)
        {
            Configuration[offset + i] = (byte)(value >> (8 * i));
        }

        Answer(Configuration[SelectOffset], Configuration[SubselectOffset]);
        return true;
    }

    /// <inheritdoc/>
    protected override void SaveDevice(SnapshotWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        byte[] events = new byte[_waiting.Count * EventByteCount];
        int at = 0;
        foreach (ulong one in _waiting)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(events.AsSpan(at), one);
            at += EventByteCount;
        }

        writer.Write("waiting", events);
        writer.Write("buttons", _buttons);
        writer.Write("x", _x);
        writer.Write("y", _y);
    }

    /// <inheritdoc/>
    protected override void RestoreDevice(SnapshotReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        _waiting.Clear();
        byte[] events = reader.ReadBytes("waiting");
        for (int at = 0; at + EventByteCount <= events.Length && _waiting.Count < 4 * MaxWaiting; at += EventByteCount)
        {
            _waiting.Enqueue(BinaryPrimitives.ReadUInt64LittleEndian(events.AsSpan(at)));
        }

        _buttons = reader.ReadByte("buttons");
        _x = reader.ReadInt32("x");
        _y = reader.ReadInt32("y");
    }

    private void Add(ushort type, ushort code, int value) => _waiting.Enqueue(type | ((ulong)code << 16) | ((ulong)(uint)value << 32));

    private bool SendEvents(VirtQueue queue)
    {
        Span<byte> bytes = stackalloc byte[EventByteCount];
        for (int i = 0; i < RequestsPerTurn; i++)
        {
            if (_waiting.Count == 0 || !queue.TryPop(_chain))
            {
                return false;
            }

            BinaryPrimitives.WriteUInt64LittleEndian(bytes, _waiting.Dequeue());
            if (_chain.WritableByteCount < EventByteCount || !_chain.TryWrite(0, bytes))
            {
                Break("event buffer too small or outside RAM", _chain.Head);
                return false;
            }

            queue.Push(_chain.Head, EventByteCount);
        }

        return _waiting.Count != 0;
    }

    // What the driver asks by the two selecting bytes; size 0: there is no such thing.
    private void Answer(byte select, byte subselect)
    {
        Span<byte> union = Configuration.Slice(UnionOffset, UnionByteCount);
        union.Clear();
        Configuration[SizeOffset] = (byte)(select switch
        {
            SelectName => Encoding.ASCII.GetBytes("Sosia tablet", union),
            SelectSerial => Encoding.ASCII.GetBytes(Name, union),
            SelectIds => WriteIds(union),
            SelectEventBits => WriteEventBits(subselect, union),
            SelectAxis when subselect is AxisX or AxisY => WriteAxis(union),
            _ => 0,
        });
    }

    private static int WriteIds(Span<byte> union)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(union, VirtualBus);
        BinaryPrimitives.WriteUInt16LittleEndian(union[2..], 0x0627);
        BinaryPrimitives.WriteUInt16LittleEndian(union[4..], ProductTablet);
        BinaryPrimitives.WriteUInt16LittleEndian(union[6..], 2);
        return 8;
    }

    private static int WriteEventBits(byte type, Span<byte> union)
    {
        switch (type)
        {
            case TypeKey:
                for (int i = 0; i < ButtonCount; i++)
                {
                    union[(FirstButton + i) / 8] |= (byte)(1 << ((FirstButton + i) % 8));
                }

                return ((FirstButton + ButtonCount - 1) / 8) + 1;
            case TypeRelative:
                union[RelativeWheel / 8] = 1 << (RelativeWheel % 8);
                return (RelativeWheel / 8) + 1;
            case TypeAbsolute:
                union[0] = (1 << AxisX) | (1 << AxisY);
                return 1;
            default:
                return 0;
        }
    }

    private static int WriteAxis(Span<byte> union)
    {
        BinaryPrimitives.WriteInt32LittleEndian(union[4..], IAbsolutePointer.MaxCoordinate);
        return 20;
    }
}
