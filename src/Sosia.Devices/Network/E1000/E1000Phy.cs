using System;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Network.E1000;

/// <summary>The transceiver in the 82540EM (Marvell 88E1011): registers of IEEE 802.3, clause 22, and a few of its own. Its peer always offers a gigabit.</summary>
internal sealed class E1000Phy
{
    private const int ControlRegister = 0;
    private const int StatusRegister = 1;
    private const int SpecificStatusRegister = 17;
    private const ushort Reset0 = 0x8000;
    private const ushort RestartNegotiation = 0x0200;
    private const ushort LinkUp = 0x0004;
    private const ushort NegotiationComplete = 0x0020;
    private const ushort SpecificLinkUp = 0x0400;

    private readonly ushort[] _registers = new ushort[32];

    public E1000Phy()
    {
        Reset();
    }

    public bool IsLinkUp { get; set; } = true;

    public void Reset()
    {
        Array.Clear(_registers);
        _registers[ControlRegister] = 0x1140;
        _registers[StatusRegister] = 0x7949;
        _registers[2] = 0x0141;
        _registers[3] = 0x0c20;
        _registers[4] = 0x0de1;
        _registers[5] = 0x45e1;
        _registers[6] = 0x0007;
        _registers[9] = 0x0e00;
        _registers[10] = 0x3c00;
        _registers[15] = 0x3000;
        _registers[16] = 0x0068;
        _registers[SpecificStatusRegister] = 0xa800;
        _registers[20] = 0x0d60;
    }

    public ushort Read(int register) => register switch
    {
        StatusRegister => (ushort)(_registers[register] | (IsLinkUp ? LinkUp | NegotiationComplete : 0)),
        SpecificStatusRegister => (ushort)(_registers[register] | (IsLinkUp ? SpecificLinkUp : 0)),
        _ => _registers[register],
    };

    public void Write(int register, ushort value)
    {
        switch (register)
        {
            case ControlRegister when (value & Reset0) != 0:
                Reset();
                break;
            case ControlRegister:
                _registers[register] = (ushort)(value & ~RestartNegotiation);
                break;
            case StatusRegister or 2 or 3 or 5 or 6 or 10 or 15 or SpecificStatusRegister:
                break;
            default:
                _registers[register] = value;
                break;
        }
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("phy.linkUp", IsLinkUp);
        for (int i = 0; i < _registers.Length; i++)
        {
            writer.Write($"phy.register{i}", _registers[i]);
        }
    }

    public void Restore(SnapshotReader reader)
    {
        IsLinkUp = reader.ReadBoolean("phy.linkUp");
        for (int i = 0; i < _registers.Length; i++)
        {
            _registers[i] = reader.ReadUInt16($"phy.register{i}");
        }
    }
}
