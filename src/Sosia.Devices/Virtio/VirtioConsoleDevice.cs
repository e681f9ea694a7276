using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Virtio;

/// <summary>
/// A virtio console device (virtio 1.1, section 5.3). Port 0 is a console; with more ports the device also speaks the control
/// protocol of VIRTIO_CONSOLE_F_MULTIPORT, through which the guest learns of the ports and their names.
/// </summary>
public sealed class VirtioConsoleDevice : VirtioDevice
{
    /// <summary>The most ports that a device can have.</summary>
    public const int MaxPorts = 31;

    internal const ulong FeatureSize = 1UL << 0;
    internal const ulong FeatureMultiport = 1UL << 1;

    private const ushort DataQueueSize = 128;
    private const ushort ControlQueueSize = 32;
    private const int ConfigurationSize = 12;
    private const int ColumnsOffset = 0;
    private const int RowsOffset = 2;
    private const int MaxPortsOffset = 4;
    private const int ControlReceiveQueue = 2;
    private const int ControlTransmitQueue = 3;
    private const int ControlHeaderByteCount = 8;

    // A driver sends at most a few pages at once; more than this in one request is misuse and is cut off.
    private const ulong MaxBytesPerRequest = 1024 * 1024;

    // Messages that wait for the driver's buffers. A driver that keeps asking without taking the answers loses the newer ones.
    private const int MaxWaitingMessages = 4 * MaxPorts;

    private const ushort EventDeviceReady = 0;
    private const ushort EventPortAdd = 1;
    private const ushort EventPortReady = 3;
    private const ushort EventConsolePort = 4;
    private const ushort EventResize = 5;
    private const ushort EventPortOpen = 6;
    private const ushort EventPortName = 7;

    private readonly VirtioConsolePort[] _ports;
    private readonly DescriptorChain _chain;
    private readonly byte[] _buffer = new byte[4096];
    private readonly Queue<ControlMessage> _waiting = new(MaxWaitingMessages);
    private bool _isDelivering;

    /// <summary>Creates a device with one port, the console.</summary>
    /// <param name="context">The machine's parts that it uses.</param>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="console">Where the console's output goes.</param>
    public VirtioConsoleDevice(VirtioContext context, string name, IVirtioConsoleBackend console)
        : this(context, name, console, [])
    {
    }

    /// <summary>Creates a device with a console and further named ports.</summary>
    /// <param name="context">The machine's parts that it uses.</param>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="console">Where the console's output goes.</param>
    /// <param name="morePorts">Name and backend of ports 1 and up.</param>
    public VirtioConsoleDevice(VirtioContext context, string name, IVirtioConsoleBackend console, IReadOnlyList<(string Name, IVirtioConsoleBackend Backend)> morePorts)
        : base(context, name, VirtioDeviceId.Console, FeatureSize | (morePorts.Count > 0 ? FeatureMultiport : 0), ConfigurationSize, QueueSizes(morePorts.Count + 1))
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(morePorts.Count + 1, MaxPorts);
        _chain = new DescriptorChain(context.Memory);
        _ports = new VirtioConsolePort[morePorts.Count + 1];
        _ports[0] = new VirtioConsolePort(this, 0, string.Empty, console);
        for (int i = 1; i < _ports.Length; i++)
        {
            _ports[i] = new VirtioConsolePort(this, i, morePorts[i - 1].Name, morePorts[i - 1].Backend);
        }

        SetSize(80, 25);
        SetConfiguration32(MaxPortsOffset, (uint)_ports.Length);
    }

    /// <summary>The console: port 0.</summary>
    public VirtioConsolePort Console => _ports[0];

    /// <summary>How many ports the device has.</summary>
    public int PortCount => _ports.Length;

    /// <summary>A port by its number.</summary>
    public VirtioConsolePort Port(int number) => _ports[number];

    /// <summary>The terminal behind the console has another size now.</summary>
    /// <param name="columns">Width in characters.</param>
    /// <param name="rows">Height in characters.</param>
    public void Resize(ushort columns, ushort rows)
    {
        SetSize(columns, rows);
        if (HasFeature(FeatureSize))
        {
            ConfigurationChanged();
        }

        if (HasFeature(FeatureMultiport))
        {
            SendControl(0, EventResize, 0);
        }
    }

    internal void InputArrived(VirtioConsolePort port)
    {
        // While input is delivered, more of it (offered when room was announced) waits for the next turn.
        if (!_isDelivering)
        {
            Service(ReceiveQueueOf(port.Number));
        }
    }

    /// <inheritdoc/>
    protected override bool ServiceQueue(VirtQueue queue)
    {
        if (queue.Index == ControlReceiveQueue && PortCount > 1)
        {
            return DeliverControl(queue);
        }

        if (queue.Index == ControlTransmitQueue)
        {
            return TakeControl(queue);
        }

        VirtioConsolePort port = _ports[PortOf(queue.Index)];
        return queue.Index % 2 == 0 ? DeliverInput(queue, port) : TakeOutput(queue, port);
    }

    /// <inheritdoc/>
    protected override void OnReset()
    {
        _waiting.Clear();
        foreach (VirtioConsolePort port in _ports)
        {
            port.IsOpenInGuest = false;
        }
    }

    /// <inheritdoc/>
    protected override void SaveDevice(SnapshotWriter writer)
    {
        foreach (VirtioConsolePort port in _ports)
        {
            port.Save(writer);
        }

        int i = 0;
        foreach (ControlMessage message in _waiting)
        {
            writer.WriteStruct($"control{i++}", message);
        }

        writer.Write("controlCount", i);
    }

    /// <inheritdoc/>
    protected override void RestoreDevice(SnapshotReader reader)
    {
        foreach (VirtioConsolePort port in _ports)
        {
            port.Restore(reader);
        }

        _waiting.Clear();
        int count = Math.Min(reader.ReadInt32("controlCount"), MaxWaitingMessages);
        for (int i = 0; i < count; i++)
        {
            reader.ReadStruct($"control{i}", out ControlMessage message);
            _waiting.Enqueue(message);
        }
    }

    private static ushort[] QueueSizes(int portCount)
    {
        ushort[] sizes = new ushort[portCount == 1 ? 2 : 2 + (2 * portCount)];
        Array.Fill(sizes, DataQueueSize);
        if (portCount > 1)
        {
            sizes[ControlReceiveQueue] = ControlQueueSize;
            sizes[ControlTransmitQueue] = ControlQueueSize;
        }

        return sizes;
    }

    // Section 5.3.2: port 0 has queues 0 and 1, the control queues are 2 and 3, port n has 2n + 2 and 2n + 3.
    private static int ReceiveQueueOf(int port) => port == 0 ? 0 : (2 * port) + 2;

    private static int PortOf(int queueIndex) => queueIndex < 2 ? 0 : (queueIndex - 2) / 2;

    private void SetSize(ushort columns, ushort rows)
    {
        SetConfiguration16(ColumnsOffset, columns);
        SetConfiguration16(RowsOffset, rows);
    }

    private bool DeliverInput(VirtQueue queue, VirtioConsolePort port)
    {
        // A driver throws away what arrives at a port that nobody has opened; the console is always open.
        if (port.Number != 0 && !port.IsOpenInGuest)
        {
            return false;
        }

        bool moved = false;
        bool more = true;
        for (int i = 0; i < RequestsPerTurn && more; i++)
        {
            more = port.HasInput && queue.TryPop(_chain);
            if (more)
            {
                int byteCount = port.MoveTo(_chain);
                if (byteCount < 0)
                {
                    Break("console buffer outside RAM", _chain.Head);
                    return false;
                }

                queue.Push(_chain.Head, (uint)byteCount);
                moved |= byteCount > 0;
            }
        }

        if (moved)
        {
            _isDelivering = true;
            port.RoomAvailable?.Invoke();
            _isDelivering = false;
        }

        return more || (moved && port.HasInput);
    }

    private bool TakeOutput(VirtQueue queue, VirtioConsolePort port)
    {
        for (int i = 0; i < RequestsPerTurn; i++)
        {
            if (!queue.TryPop(_chain))
            {
                return false;
            }

            ulong byteCount = _chain.ReadableByteCount;
            if (byteCount > MaxBytesPerRequest)
            {
                ReportMisuse("console output too long, cut off", byteCount);
                byteCount = MaxBytesPerRequest;
            }

            for (ulong done = 0; done < byteCount;)
            {
                Span<byte> chunk = _buffer.AsSpan(0, (int)Math.Min(byteCount - done, (ulong)_buffer.Length));
                if (!_chain.TryRead(done, chunk))
                {
                    Break("console buffer outside RAM", _chain.Head);
                    return false;
                }

                port.Backend.Transmit(chunk);
                done += (ulong)chunk.Length;
            }

            queue.Push(_chain.Head, 0);
        }

        return true;
    }

    private bool TakeControl(VirtQueue queue)
    {
        Span<byte> header = stackalloc byte[ControlHeaderByteCount];
        for (int i = 0; i < RequestsPerTurn; i++)
        {
            if (!queue.TryPop(_chain))
            {
                return false;
            }

            if (_chain.ReadableByteCount < ControlHeaderByteCount || !_chain.TryRead(0, header))
            {
                Break("control message too short or outside RAM", _chain.Head);
                return false;
            }

            queue.Push(_chain.Head, 0);
            HandleControl(
                BinaryPrimitives.ReadUInt32LittleEndian(header),
                BinaryPrimitives.ReadUInt16LittleEndian(header[4..]),
                BinaryPrimitives.ReadUInt16LittleEndian(header[6..]));
        }

        return true;
    }

    private void HandleControl(uint portNumber, ushort what, ushort value)
    {
        if (!HasFeature(FeatureMultiport))
        {
            ReportMisuse("control message without VIRTIO_CONSOLE_F_MULTIPORT", what);
            return;
        }

        if (what == EventDeviceReady)
        {
            for (int i = 0; i < _ports.Length && value == 1; i++)
            {
                SendControl((uint)i, EventPortAdd, 1);
            }

            return;
        }

        if (portNumber >= (uint)_ports.Length)
        {
            ReportMisuse("control message for a port that does not exist", portNumber);
            return;
        }

        VirtioConsolePort port = _ports[portNumber];
        switch (what)
        {
            case EventPortReady:
                AnnouncePort(port, value == 1);
                break;
            case EventPortOpen:
                port.IsOpenInGuest = value != 0;
                InputArrived(port);
                break;
            default:
                ReportMisuse("unknown control message", what);
                break;
        }
    }

    private void AnnouncePort(VirtioConsolePort port, bool isReady)
    {
        if (!isReady)
        {
            ReportMisuse("the driver could not add a port", (ulong)port.Number);
            return;
        }

        if (port.Number == 0)
        {
            SendControl(0, EventConsolePort, 1);
            SendControl(0, EventResize, 0);
        }

        if (port.Name.Length != 0)
        {
            SendControl((uint)port.Number, EventPortName, 1);
        }

        SendControl((uint)port.Number, EventPortOpen, 1);
    }

    private void SendControl(uint port, ushort what, ushort value)
    {
        if (_waiting.Count == MaxWaitingMessages)
        {
            ReportMisuse("control answers not taken", port);
            return;
        }

        _waiting.Enqueue(new ControlMessage(port, what, value));
        Service(ControlReceiveQueue);
    }

    private bool DeliverControl(VirtQueue queue)
    {
        while (_waiting.Count != 0 && queue.TryPop(_chain))
        {
            int byteCount = Encode(_waiting.Dequeue());
            Span<byte> bytes = _buffer.AsSpan(0, (int)Math.Min((ulong)byteCount, _chain.WritableByteCount));
            if (!_chain.TryWrite(0, bytes))
            {
                Break("control buffer outside RAM", _chain.Head);
                return false;
            }

            queue.Push(_chain.Head, (uint)bytes.Length);
        }

        return false;
    }

    private int Encode(ControlMessage message)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer, message.Port);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(4), message.Event);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(6), message.Value);
        switch (message.Event)
        {
            case EventResize:
                Configuration[..4].CopyTo(_buffer.AsSpan(ControlHeaderByteCount));
                return ControlHeaderByteCount + 4;
            case EventPortName:
                return ControlHeaderByteCount + Encoding.UTF8.GetBytes(_ports[message.Port].Name, _buffer.AsSpan(ControlHeaderByteCount));
            default:
                return ControlHeaderByteCount;
        }
    }

    private readonly record struct ControlMessage(uint Port, ushort Event, ushort Value);
}
