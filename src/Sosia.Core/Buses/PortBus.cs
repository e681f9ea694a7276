using System;
using System.Collections.Generic;
using Sosia.Core.Execution;

namespace Sosia.Core.Buses;

/// <summary>
/// The 65,536 x86 I/O ports. Overlapping claims are refused; a read that nobody claims floats to all ones, a write is dropped, and
/// both are counted.
/// </summary>
public sealed class PortBus
{
    private readonly Claim?[] _claims = new Claim?[65536];
    private readonly List<PortRange> _collectable = [];
    private readonly Diagnostics.DiagnosticLog _log;

    /// <summary>Creates an empty bus.</summary>
    /// <param name="log">Where unclaimed accesses are reported, once per port.</param>
    public PortBus(Diagnostics.DiagnosticLog log)
    {
        _log = log;
    }

    /// <summary>How many accesses reached no device.</summary>
    public long UnclaimedAccesses { get; private set; }

    /// <summary>How many accesses reached a device.</summary>
    public long Accesses { get; private set; }

    /// <summary>The threads that use it.</summary>
    public VcpuThreads Threads { get; init; } = new();

    /// <summary>Set to see every access (the --trace io option); null otherwise.</summary>
    public IBusTrace? Trace { get; set; }

    /// <summary>Claims ports for a device.</summary>
    /// <param name="firstPort">First port number.</param>
    /// <param name="portCount">How many ports, at least 1.</param>
    /// <param name="device">Who answers.</param>
    /// <param name="name">The device's name in error texts and traces.</param>
    /// <exception cref="InvalidOperationException">A port of the range is already claimed, or the range leaves the port space.</exception>
    public void Map(int firstPort, int portCount, IPortDevice device, string name)
    {
        if (firstPort < 0 || portCount < 1 || firstPort + portCount > 65536)
        {
            throw new InvalidOperationException($"Ports 0x{firstPort:x}+{portCount} leave the port space (device {name}).");
        }

        for (int port = firstPort; port < firstPort + portCount; port++)
        {
            if (_claims[port] is { } other)
            {
                throw new InvalidOperationException($"Port 0x{port:x} is claimed by both {other.Name} and {name}.");
            }
        }

        var claim = new Claim(device, (ushort)firstPort, name);
        Array.Fill(_claims, claim, firstPort, portCount);
    }

    /// <summary>
    /// Says of ports that nothing follows from a write to them until something else happens: an engine may let the guest go on, and make the writes later, in
    /// their order.
    /// </summary>
    /// <param name="firstPort">First port number.</param>
    /// <param name="portCount">How many ports.</param>
    public void AllowCollecting(int firstPort, int portCount) => _collectable.Add(new PortRange(firstPort, portCount));

    /// <summary>The ports whose writes may come later.</summary>
    public IEnumerable<PortRange> DescribeCollectable() => _collectable;

    /// <summary>Gives up all ports that a device claimed with <see cref="Map"/> from <paramref name="firstPort"/> on.</summary>
    public void Unmap(int firstPort, int portCount, IPortDevice device)
    {
        for (int port = firstPort; port < firstPort + portCount && port < 65536; port++)
        {
            if (_claims[port] is { } claim && ReferenceEquals(claim.Device, device))
            {
                _claims[port] = null;
            }
        }
    }

    /// <summary>True when no port of the range is claimed.</summary>
    public bool IsFree(int firstPort, int portCount)
    {
        for (int port = firstPort; port < firstPort + portCount; port++)
        {
            if (port > 65535 || _claims[port] is not null)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads 1, 2 or 4 bytes from a port.</summary>
    public uint Read(ushort port, int byteCount)
    {
        using MachineLock.Holder held = Threads.Devices.Enter();
        Claim? claim = _claims[port];
        uint value;
        if (claim is null)
        {
            UnclaimedAccesses++;
            _log.UnclaimedPort(port, byteCount, isWrite: false);
            value = uint.MaxValue >> (32 - (8 * byteCount));
        }
        else
        {
            Accesses++;
            value = claim.Device.ReadPort((ushort)(port - claim.FirstPort), byteCount) & (uint.MaxValue >> (32 - (8 * byteCount)));
        }

        Trace?.PortRead(port, byteCount, value, claim?.Name);
        return value;
    }

    /// <summary>Writes 1, 2 or 4 bytes to a port.</summary>
    public void Write(ushort port, int byteCount, uint value)
    {
        using MachineLock.Holder held = Threads.Devices.Enter();
        Claim? claim = _claims[port];
        Trace?.PortWrite(port, byteCount, value, claim?.Name);
        if (claim is null)
        {
            UnclaimedAccesses++;
            _log.UnclaimedPort(port, byteCount, isWrite: true);
            return;
        }

        Accesses++;
        claim.Device.WritePort((ushort)(port - claim.FirstPort), byteCount, value);
    }

    /// <summary>The names of the devices in port order with their first ports, for the monitor and the docs.</summary>
    public IEnumerable<(int FirstPort, int PortCount, string Name)> Describe()
    {
        for (int port = 0; port < 65536;)
        {
            Claim? claim = _claims[port];
            int end = port + 1;
            while (end < 65536 && ReferenceEquals(_claims[end], claim))
            {
                end++;
            }

            if (claim is not null)
            {
                yield return (port, end - port, claim.Name);
            }

            port = end;
        }
    }

    private sealed record Claim(IPortDevice Device, ushort FirstPort, string Name);
}
