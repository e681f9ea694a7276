using Sosia.Core.Buses;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Devices.Common;

namespace Sosia.Devices.Pic8259;

/// <summary>
/// The two cascaded 8259A interrupt controllers of a PC (Intel data sheet 231468; wiring and the edge/level control registers:
/// 82371SB PIIX3 data sheet, section 2.5.3). Inputs 0 to 7 are the master's, 8 to 15 the slave's, whose INT is the master's IR2.
/// The inputs that the processor acknowledges must stay asserted until then: a request that is withdrawn earlier is forgotten
/// (and, should the processor already be acknowledging, answered with the spurious level 7).
/// </summary>
/// <remarks>Runs on the machine's thread. With a thread per vCPU, one lock around every public member suffices.</remarks>
public sealed class Pic8259Pair : IIrqSink, IExternalInterruptController, ISnapshotable
{
    private const int CascadeInput = 2;

    private readonly Pic8259Chip _master = new();
    private readonly Pic8259Chip _slave = new();
    private readonly IrqLine _interrupt;

    /// <summary>Creates the pair in its power-on state.</summary>
    /// <param name="interrupt">The master's INT output (INTR of the processors).</param>
    public Pic8259Pair(IrqLine interrupt)
    {
        _interrupt = interrupt;
        MasterPorts = new BytePorts(2, ReadMaster, WriteMaster);
        SlavePorts = new BytePorts(2, ReadSlave, WriteSlave);
        EdgeLevelPorts = new BytePorts(2, ReadEdgeLevel, WriteEdgeLevel);
        Reset();
    }

    /// <summary>The master's two ports, 0x20 on a PC.</summary>
    public IPortDevice MasterPorts { get; }

    /// <summary>The slave's two ports, 0xA0 on a PC.</summary>
    public IPortDevice SlavePorts { get; }

    /// <summary>The two edge/level control registers, 0x4D0 on a PC.</summary>
    public IPortDevice EdgeLevelPorts { get; }

    /// <inheritdoc/>
    public string SnapshotName => "pic";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>The level of the master's INT output.</summary>
    public bool IsOutputAsserted => _interrupt.IsAsserted;

    /// <summary>Claims the ports of a PC.</summary>
    public void Map(PortBus ports)
    {
        ports.Map(0x20, 2, MasterPorts, "pic");
        ports.Map(0xa0, 2, SlavePorts, "pic");
        ports.Map(0x4d0, 2, EdgeLevelPorts, "pic-elcr");
    }

    /// <summary>Puts both chips to their power-on state. The levels of the inputs are not the chips' own and stay.</summary>
    public void Reset()
    {
        _master.Reset();
        _slave.Reset();
        Update();
    }

    /// <summary>Drives one of the 16 inputs; input 2 is the cascade and is ignored.</summary>
    public void SetIrq(int input, bool asserted)
    {
        if (input is < 0 or > 15 or CascadeInput)
        {
            return;
        }

        (input < 8 ? _master : _slave).SetLine(input & 7, asserted);
        Update();
    }

    /// <inheritdoc/>
    public int AcknowledgeInterrupt()
    {
        int level = _master.Acknowledge(out bool spurious);
        int vector;
        if (!spurious && level == CascadeInput && _master.HasSlaveOn(level))
        {
            // The slave answers only to its own identity; otherwise nobody drives the data bus.
            if ((_slave.Cascade & 7) == CascadeInput)
            {
                vector = _slave.Vector(_slave.Acknowledge(out _));
                // INT falls after the acknowledge, so that a further request of the slave is a new edge.
                _master.SetLine(CascadeInput, false);
            }
            else
            {
                vector = 0xff;
            }
        }
        else
        {
            vector = _master.Vector(level);
        }

        Update();
        return vector;
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        _master.Save(writer, "master.");
        _slave.Save(writer, "slave.");
        writer.Write("int", _interrupt.IsAsserted);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        _master.Restore(reader, "master.");
        _slave.Restore(reader, "slave.");
        _interrupt.RestoreLevel(reader.ReadBoolean("int"));
    }

    /// <summary>Reads a chip, for a hypervisor of the host that stands in for the pair.</summary>
    internal PicRegisters Export(int chip) => (chip == 0 ? _master : _slave).Export();

    /// <summary>Replaces a chip's registers. What follows for the output is seen after both (<see cref="UpdateOutput"/>).</summary>
    internal void Import(int chip, in PicRegisters registers) => (chip == 0 ? _master : _slave).Import(registers);

    /// <summary>Drives the output as the registers have it now.</summary>
    internal void UpdateOutput() => Update();

    private void Update()
    {
        _master.SetLine(CascadeInput, _slave.Output);
        _interrupt.Set(_master.Output);
    }

    private byte ReadMaster(int offset)
    {
        byte value = _master.Read(offset);
        Update();
        return value;
    }

    private byte ReadSlave(int offset)
    {
        byte value = _slave.Read(offset);
        Update();
        return value;
    }

    private void WriteMaster(int offset, byte value)
    {
        _master.Write(offset, value);
        Update();
    }

    private void WriteSlave(int offset, byte value)
    {
        _slave.Write(offset, value);
        Update();
    }

    private byte ReadEdgeLevel(int offset) => (offset == 0 ? _master : _slave).EdgeLevel;

    private void WriteEdgeLevel(int offset, byte value)
    {
        // IRQ 0, 1, 2, 8 and 13 are always edge-triggered.
        if (offset == 0)
        {
            _master.SetEdgeLevel((byte)(value & 0xf8));
        }
        else
        {
            _slave.SetEdgeLevel((byte)(value & 0xde));
        }

        Update();
    }
}
