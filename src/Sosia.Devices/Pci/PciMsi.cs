using System.Buffers.Binary;

namespace Sosia.Devices.Pci;

/// <summary>The MSI capability (PCI 3.0, section 6.8.1) with one vector, 64-bit addresses and per-vector masking.</summary>
public sealed class PciMsi
{
    private const ushort ControlEnable = 1;

    private readonly PciFunction _function;
    private readonly int _capability;

    internal PciMsi(PciFunction function)
    {
        _function = function;
        _capability = function.AddCapability(0x05, 24);
        function.DefineUInt16(_capability + 2, 0x0180, ControlEnable);
        function.DefineUInt32(_capability + 4, 0, 0xffff_fffc);
        function.DefineUInt32(_capability + 8, 0, 0xffff_ffff);
        function.DefineUInt16(_capability + 12, 0, 0xffff);
        function.DefineUInt32(_capability + 16, 0, 1);
        function.DefineUInt32(_capability + 20, 0, 0);
    }

    /// <summary>True when the guest enabled MSI; the function must not use INTx then.</summary>
    public bool IsEnabled => (ReadConfig(2) & ControlEnable) != 0;

    /// <summary>Sends the message, or marks it pending while it is masked.</summary>
    public void Raise()
    {
        if (IsEnabled)
        {
            _function.Configuration[_capability + 20] = 1;
            ConfigurationWritten();
        }
    }

    internal void ConfigurationWritten()
    {
        if (IsEnabled && (ReadConfig(16) & 1) == 0 && (ReadConfig(20) & 1) != 0)
        {
            _function.Configuration[_capability + 20] = 0;
            _function.Bus?.SendMessage(_function, ((ulong)ReadConfig(8) << 32) | ReadConfig(4), ReadConfig(12) & 0xffff);
        }
    }

    private uint ReadConfig(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_function.Configuration[(_capability + offset)..]);
}
