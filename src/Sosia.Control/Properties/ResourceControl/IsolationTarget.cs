using System.Text.Json.Serialization;

namespace Sosia.Control.Properties.ResourceControl;

/// <summary>What a hostile guest attacks.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<IsolationTarget>))]
public enum IsolationTarget
{
    /// <summary>What the guest's own kernel keeps from its programs: the processor's control registers, ports, modes.</summary>
    Privilege,

    /// <summary>Memory that is not the guest's, or not the program's.</summary>
    Memory,

    /// <summary>The host's memory, by way of devices that access memory themselves.</summary>
    Devices,

    /// <summary>The host's processor time: the VMM must get it back.</summary>
    Time,

    /// <summary>What the VMM keeps of guest code.</summary>
    Code,
}
