using System;
using Sosia.Core;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Ata;
using Sosia.Devices.Block;
using Sosia.Devices.Pci;

namespace Sosia.Devices.Ahci;

/// <summary>
/// The AHCI controller of an ICH9 (Serial ATA AHCI 1.3.1; Intel data sheet 316972, chapter 14) with six ports, queued commands and staggered spin-up.
/// Here: the registers of the whole controller, and its interrupt.
/// </summary>
public sealed class AhciController : PciFunction, IMmioDevice
{
    /// <summary>How many ports there are.</summary>
    public const int PortCount = 6;

    private const int RegisterBar = 5;
    private const ulong RegisterByteCount = 4096;
    private const int FirstPort = 0x100;
    private const int PortStride = 0x80;

    private const int Capabilities = 0x00;
    private const int GlobalControl = 0x04;
    private const int InterruptStatus = 0x08;
    private const int PortsImplemented = 0x0c;
    private const int VersionRegister = 0x10;

    private const uint Version = 0x0001_0200;
    private const uint ControlReset = 1;
    private const uint ControlInterruptEnable = 2;
    private const uint ControlAhciEnable = 1u << 31;

    // Six ports, 32 commands each, 3 Gbit/s; queued commands and 64-bit addresses, staggered spin-up, command list override, AHCI only.
    private const uint CapabilityBits = (PortCount - 1) | (31u << 8) | (1u << 18) | (2u << 20) | (1u << 24) | (1u << 27) | (1u << 30) | (1u << 31);

    private readonly AhciPort[] _ports = new AhciPort[PortCount];
    private uint _globalControl;
    private uint _interruptStatus;

    /// <summary>Creates the controller without devices.</summary>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="memory">Where commands and data are.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public AhciController(string name, MachineClock clock, MemoryBus memory, DiagnosticLog log)
        : base(name, new PciIdentity(0x8086, 0x2922, 0x010601, Revision: 2), interruptPin: 1)
    {
        for (int i = 0; i < PortCount; i++)
        {
            int index = i;
            _ports[i] = new AhciPort($"{name}-port{i}", clock, memory, log, () => PortInterrupted(index), () => IsBusMaster);
        }

        DefineByte(0x07, 0x02, 0);
        AddMemoryBar(RegisterBar, RegisterByteCount, this);
        AddMsi();
        ResetRegisters();
    }

    /// <summary>Connects a hard disk.</summary>
    /// <param name="port">0 to 5.</param>
    /// <param name="drive">Its contents.</param>
    /// <param name="serial">Its serial number, at most 20 ASCII characters.</param>
    public void AttachDisk(int port, BlockDrive drive, string serial)
        => _ports[port].Attach(new AtaDisk(drive, serial, isSerialAta: true));

    /// <summary>Connects a CD-ROM drive.</summary>
    /// <param name="port">0 to 5.</param>
    /// <param name="drive">Its medium.</param>
    /// <param name="serial">Its serial number, at most 20 ASCII characters.</param>
    public void AttachCdRom(int port, RemovableDrive drive, string serial)
        => _ports[port].Attach(new AtapiDevice(drive, serial));

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        ResetRegisters();
        foreach (AhciPort port in _ports)
        {
            port.PowerOn();
        }
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int byteCount)
    {
        ulong value = 0;
        for (int i = 0; i < byteCount; i++)
        {
            int at = (int)offset + i;
            value |= (ulong)(byte)(ReadRegister(at & ~3) >> (8 * (at & 3))) << (8 * i);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int byteCount, ulong value)
    {
        for (int done = 0; done < byteCount;)
        {
            int at = (int)offset + done;
            int chunk = Math.Min(byteCount - done, 4 - (at & 3));
            int shift = 8 * (at & 3);
            uint mask = (uint)((1UL << (8 * chunk)) - 1) << shift;
            WriteRegister(at & ~3, (uint)(value >> (8 * done)) << shift & mask, mask);
            done += chunk;
        }
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer)
    {
        base.Save(writer);
        writer.Write("globalControl", _globalControl);
        writer.Write("interruptStatus", _interruptStatus);
        for (int i = 0; i < PortCount; i++)
        {
            _ports[i].Save(writer, $"port{i}.");
        }
    }

    /// <inheritdoc/>
    /// <exception cref="SosiaException">The snapshot is damaged, or has other drives.</exception>
    public override void Restore(SnapshotReader reader)
    {
        reader.RequireVersion(SnapshotVersion);
        base.Restore(reader);
        _globalControl = reader.ReadUInt32("globalControl");
        _interruptStatus = reader.ReadUInt32("interruptStatus");
        for (int i = 0; i < PortCount; i++)
        {
            _ports[i].Restore(reader, $"port{i}.");
        }
    }

    private uint ReadRegister(int offset)
    {
        if (offset >= FirstPort)
        {
            int index = (offset - FirstPort) / PortStride;
            return index < PortCount ? _ports[index].Read((offset - FirstPort) % PortStride) : 0;
        }

        return offset switch
        {
            Capabilities => CapabilityBits,
            GlobalControl => _globalControl,
            InterruptStatus => _interruptStatus,
            PortsImplemented => (1 << PortCount) - 1,
            VersionRegister => Version,
            _ => 0,
        };
    }

    private void WriteRegister(int offset, uint value, uint mask)
    {
        if (offset >= FirstPort)
        {
            int index = (offset - FirstPort) / PortStride;
            if (index < PortCount)
            {
                _ports[index].Write((offset - FirstPort) % PortStride, value, mask);
                UpdateInterrupt();
            }

            return;
        }

        switch (offset)
        {
            case GlobalControl when (value & ControlReset) != 0:
                ResetRegisters();
                foreach (AhciPort port in _ports)
                {
                    port.Reset();
                }

                break;
            case GlobalControl:
                _globalControl = ControlAhciEnable | (((_globalControl & ~mask) | value) & ControlInterruptEnable);
                UpdateInterrupt();
                break;
            case InterruptStatus:
                _interruptStatus &= ~value;
                // A port that still has something to say says it again.
                for (int i = 0; i < PortCount; i++)
                {
                    _interruptStatus |= _ports[i].IsInterrupting ? 1u << i : 0;
                }

                UpdateInterrupt();
                break;
        }
    }

    private void ResetRegisters()
    {
        _globalControl = ControlAhciEnable;
        _interruptStatus = 0;
        SetInterrupt(false);
    }

    // A port has set a status bit that is enabled.
    private void PortInterrupted(int index)
    {
        _interruptStatus |= 1u << index;
        if ((_globalControl & ControlInterruptEnable) != 0 && Msi!.IsEnabled)
        {
            Msi.Raise();
        }

        UpdateInterrupt();
    }

    private void UpdateInterrupt()
        => SetInterrupt(_interruptStatus != 0 && (_globalControl & ControlInterruptEnable) != 0 && !Msi!.IsEnabled);
}
