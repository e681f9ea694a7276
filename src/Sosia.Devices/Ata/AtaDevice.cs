using System;
using System.Buffers.Binary;
using Sosia.Core;
using Sosia.Core.Snapshots;
using Sosia.Devices.Block;
using Sosia.Images;

namespace Sosia.Devices.Ata;

/// <summary>
/// An ATA device without the cable: registers, commands, and data that move in order. Controllers call <see cref="Execute"/>, move the data of the
/// command as <see cref="Protocol"/> says, and find its result in the registers. A call that returns <see cref="BlockResult.Stopped"/> has changed
/// nothing and is to be repeated.
/// </summary>
internal abstract class AtaDevice
{
    /// <summary>Bytes per sector.</summary>
    protected const int SectorByteCount = BlockDrive.SectorByteCount;

    /// <summary>The most that moves by DMA before the guest gets its turn.</summary>
    public const int BytesPerTurn = 8 * 1024 * 1024;

    // As CHECK POWER MODE gives them; sleep is no value there.
    private const byte PowerStandby = 0x00;
    private const byte PowerActive = 0xff;
    private const byte PowerSleep = 0x01;

    private byte _powerMode = PowerActive;

    /// <summary>Creates a device.</summary>
    /// <param name="drive">Its contents.</param>
    /// <param name="bufferByteCount">Room for data that does not move directly between host and guest.</param>
    protected AtaDevice(BlockDrive drive, int bufferByteCount)
    {
        Drive = drive;
        Buffer = new byte[bufferByteCount];
    }

    /// <summary>Its contents.</summary>
    public BlockDrive Drive { get; }

    /// <summary>Its registers.</summary>
    public AtaRegisters Registers { get; } = new();

    /// <summary>How the current command goes on.</summary>
    public AtaProtocol Protocol { get; protected set; }

    /// <summary>How much data the current command still moves.</summary>
    public ulong Remaining { get; protected set; }

    /// <summary>How much data the current command has moved.</summary>
    public ulong Transferred { get; private set; }

    /// <summary>How many bytes move through the Data register before the device is busy again; never more than 64 KiB.</summary>
    public int BlockByteCount { get; protected set; }

    /// <summary>True while only a reset wakes it.</summary>
    public bool IsAsleep => _powerMode == PowerSleep;

    /// <summary>True for devices that take command packets.</summary>
    public abstract bool IsPacketDevice { get; }

    /// <summary>Data of the device's own: IDENTIFY, SMART, sense and the like.</summary>
    protected byte[] Buffer { get; }

    /// <summary>True when the data of the command is the medium's; false when it is in <see cref="Buffer"/>.</summary>
    protected bool IsMediumTransfer { get; set; }

    /// <summary>The medium's next byte to move.</summary>
    protected ulong MediumPosition { get; set; }

    /// <summary>The code of the current command.</summary>
    protected byte Command { get; private set; }

    /// <summary>Puts a command into effect that the host has written to the Command register, up to where data move.</summary>
    /// <returns>Ok also for commands that the device refuses: the registers say so.</returns>
    public BlockResult Execute(byte command)
    {
        Command = command;
        Registers.Error = 0;
        Transferred = 0;
        Remaining = 0;
        Protocol = AtaProtocol.Done;
        return ExecuteCommand(command);
    }

    /// <summary>Hands over the packet of a packet command.</summary>
    public virtual BlockResult ExecutePacket(ReadOnlySpan<byte> packet) => throw new InvalidOperationException("Only packet devices take packets.");

    /// <summary>Called before each block that moves through the Data register: sets <see cref="BlockByteCount"/> and the registers that show it.</summary>
    public virtual void BeginBlock()
    {
    }

    /// <summary>The signature in the registers that tells what kind of device it is (ATA/ATAPI-6, 9.12).</summary>
    public virtual void SetSignature()
    {
        Registers.Count = 1;
        Registers.LbaLow = 1;
        Registers.LbaMid = 0;
        Registers.LbaHigh = 0;
        Registers.Device = 0;
    }

    /// <summary>Puts the device to its power-on state.</summary>
    public abstract void PowerOn();

    /// <summary>A reset by hardware or software: the command in progress is dropped.</summary>
    /// <param name="isHardware">True for one that also sets the device's settings to their defaults.</param>
    public virtual void Reset(bool isHardware)
    {
        Protocol = AtaProtocol.Done;
        Remaining = 0;
        Transferred = 0;
        _powerMode = PowerActive;
        SetSignature();
        Registers.Features = 0;
        // Diagnostic code 1: no error.
        Registers.Error = 1;
        Registers.Status = IsPacketDevice ? (byte)0 : (byte)(AtaStatus.Ready | AtaStatus.SeekComplete);
    }

    /// <summary>Gives the next data of the command.</summary>
    /// <param name="destination">Not more than <see cref="Remaining"/>; whole sectors when the data is the medium's.</param>
    public virtual BlockResult ReadData(Span<byte> destination)
    {
        if (IsMediumTransfer)
        {
            BlockResult result = Drive.Read(MediumPosition, destination);
            if (result != BlockResult.Ok)
            {
                return result;
            }
        }
        else
        {
            Buffer.AsSpan((int)Transferred, destination.Length).CopyTo(destination);
        }

        Advance((ulong)destination.Length);
        return BlockResult.Ok;
    }

    /// <summary>Takes the next data of the command.</summary>
    /// <param name="source">Not more than <see cref="Remaining"/>; whole sectors when the data is the medium's.</param>
    public virtual BlockResult WriteData(ReadOnlySpan<byte> source)
    {
        if (IsMediumTransfer)
        {
            BlockResult result = Drive.Write(MediumPosition, source);
            if (result != BlockResult.Ok)
            {
                return result;
            }
        }
        else
        {
            source.CopyTo(Buffer.AsSpan((int)Transferred));
        }

        Advance((ulong)source.Length);
        return BlockResult.Ok;
    }

    /// <summary>Moves data of the command by DMA: as much as the list has room for and as one turn allows.</summary>
    /// <param name="list">Memory of the guest.</param>
    /// <param name="listStart">How much of the command's data had moved before what the list is for.</param>
    public virtual BlockResult MoveData(ScatterList list, ulong listStart)
    {
        ulong position = Transferred - listStart;
        ulong room = list.ByteCount > position ? list.ByteCount - position : 0;
        var byteCount = (int)Math.Min(Math.Min(Remaining, room), BytesPerTurn);
        bool isRead = Protocol is AtaProtocol.DmaIn or AtaProtocol.PioIn;
        if (IsMediumTransfer)
        {
            // What the guest has room for may end within a sector, which then does not move.
            byteCount &= -SectorByteCount;
            BlockResult result = list.Move(Drive, isRead, MediumPosition, position, (ulong)byteCount, out ulong done);
            Advance(done);
            return result;
        }

        Span<byte> buffer = Buffer.AsSpan((int)Transferred, byteCount);
        if (isRead)
        {
            list.Write(position, buffer);
        }
        else
        {
            list.Read(position, buffer);
        }

        Advance((ulong)byteCount);
        return BlockResult.Ok;
    }

    /// <summary>All data has moved: does what is left to do and puts the result into the registers.</summary>
    public virtual BlockResult EndData()
    {
        Succeed();
        return BlockResult.Ok;
    }

    /// <summary>The host failed to move data: puts the error into the registers.</summary>
    public abstract void FailData(BlockResult result);

    /// <summary>The controller breaks the command off.</summary>
    public void Abort() => Fail(AtaError.Aborted);

    /// <summary>Writes its state.</summary>
    public virtual void Save(SnapshotWriter writer, string prefix)
    {
        Registers.Save(writer, prefix);
        Drive.Save(writer, prefix);
        writer.Write(prefix + "command", Command);
        writer.Write(prefix + "protocol", (long)Protocol);
        writer.Write(prefix + "remaining", Remaining);
        writer.Write(prefix + "transferred", Transferred);
        writer.Write(prefix + "blockByteCount", BlockByteCount);
        writer.Write(prefix + "isMediumTransfer", IsMediumTransfer);
        writer.Write(prefix + "mediumPosition", MediumPosition);
        writer.Write(prefix + "buffer", Buffer);
        writer.Write(prefix + "powerMode", _powerMode);
    }

    /// <summary>Reads its state back.</summary>
    public virtual void Restore(SnapshotReader reader, string prefix)
    {
        Registers.Restore(reader, prefix);
        Drive.Restore(reader, prefix);
        Command = reader.ReadByte(prefix + "command");
        Protocol = (AtaProtocol)reader.ReadByte(prefix + "protocol");
        Remaining = reader.ReadUInt64(prefix + "remaining");
        Transferred = reader.ReadUInt64(prefix + "transferred");
        BlockByteCount = reader.ReadInt32(prefix + "blockByteCount");
        IsMediumTransfer = reader.ReadBoolean(prefix + "isMediumTransfer");
        MediumPosition = reader.ReadUInt64(prefix + "mediumPosition");
        reader.ReadBytes(prefix + "buffer", Buffer);
        _powerMode = reader.ReadByte(prefix + "powerMode");
        bool fits = IsMediumTransfer || (Remaining <= (ulong)Buffer.Length && Transferred <= (ulong)Buffer.Length - Remaining);
        if (Protocol > AtaProtocol.Packet || BlockByteCount is < 0 or > 0x1_0000 || !fits)
        {
            throw new SosiaException($"The snapshot's drive '{Drive.Name}' is damaged: its command makes no sense.");
        }
    }

    /// <summary>Puts a command into effect: sets <see cref="Protocol"/> and what goes with it, or the result.</summary>
    protected abstract BlockResult ExecuteCommand(byte command);

    /// <summary>The command ends well.</summary>
    protected virtual void Succeed()
    {
        Protocol = AtaProtocol.Done;
        Registers.Status = AtaStatus.Ready | AtaStatus.SeekComplete;
    }

    /// <summary>The command ends with an error.</summary>
    protected virtual void Fail(byte error)
    {
        Protocol = AtaProtocol.Done;
        Remaining = 0;
        Registers.Error = error;
        Registers.Status = AtaStatus.Ready | AtaStatus.SeekComplete | AtaStatus.Error;
    }

    /// <summary>Counts data as moved.</summary>
    protected void Advance(ulong byteCount)
    {
        Transferred += byteCount;
        Remaining -= byteCount;
        MediumPosition += byteCount;
    }

    /// <summary>Begins to give data out of <see cref="Buffer"/>.</summary>
    protected void SendBuffer(AtaProtocol protocol, int byteCount)
    {
        IsMediumTransfer = false;
        Protocol = protocol;
        Remaining = (ulong)byteCount;
        BlockByteCount = SectorByteCount;
    }

    /// <summary>The power management commands, which all devices have; null for any other command.</summary>
    protected BlockResult? ExecutePowerCommand(byte command)
    {
        switch (command)
        {
            case AtaCommand.CheckPowerMode or AtaCommand.OldCheckPowerMode:
                Registers.Count = _powerMode;
                break;
            case AtaCommand.Idle or AtaCommand.OldIdle or AtaCommand.IdleImmediate or AtaCommand.OldIdleImmediate:
                _powerMode = PowerActive;
                break;
            case AtaCommand.Standby or AtaCommand.OldStandby or AtaCommand.StandbyImmediate or AtaCommand.OldStandbyImmediate:
            case AtaCommand.Sleep or AtaCommand.OldSleep:
                // What is in the cache must survive the power that may go.
                if (Drive.Flush() == BlockResult.Stopped)
                {
                    return BlockResult.Stopped;
                }

                _powerMode = command is AtaCommand.Sleep or AtaCommand.OldSleep ? PowerSleep : PowerStandby;
                break;
            default:
                return null;
        }

        Succeed();
        return BlockResult.Ok;
    }

    /// <summary>Any access to the medium ends standby.</summary>
    protected void WakeMedium() => _powerMode = PowerActive;

    /// <summary>Writes a word of IDENTIFY data into <see cref="Buffer"/>.</summary>
    protected void SetWord(int word, int value) => BinaryPrimitives.WriteUInt16LittleEndian(Buffer.AsSpan(2 * word), (ushort)value);

    /// <summary>Writes a text of IDENTIFY data into <see cref="Buffer"/>: padded with spaces, the first character in the upper half of each word.</summary>
    protected void SetText(int word, int byteCount, string text)
    {
        for (int i = 0; i < byteCount; i++)
        {
            Buffer[(2 * word) + (i ^ 1)] = i < text.Length ? (byte)text[i] : (byte)' ';
        }
    }

    /// <summary>Completes IDENTIFY data: the integrity word, whose bytes sum to 0 with all others (ATA/ATAPI-6, 8.15.61).</summary>
    protected void SetIntegrityWord()
    {
        Buffer[510] = 0xa5;
        int sum = 0;
        for (int i = 0; i < 511; i++)
        {
            sum += Buffer[i];
        }

        Buffer[511] = (byte)-sum;
    }
}
