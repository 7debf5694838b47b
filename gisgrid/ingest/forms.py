"""The form of every layer: its columns, what their cells may hold, and the headings and spellings that mean them.

Room: ingest. In: nothing. Out: `LAYERS`, data that the other modules read. Imports nothing of gisgrid but the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from gisgrid.model import DEDICATED_SITE_KINDS, ESTATE_TYPES, LayerName

ColumnKind = Literal[
    "code", "flagged_code", "text", "choice", "open_choice", "count", "number", "coordinate", "date", "time"
]
GeometryKind = Literal["polygon", "line_or_point", "polygon_or_point", "point"]

GEOMETRY_HEADINGS: Final = ("wkt", "geometry", "geom")
LON_HEADINGS: Final = ("lon", "lng", "longitude", "经度", "x")
LAT_HEADINGS: Final = ("lat", "latitude", "纬度", "y")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a layer: what its cells hold and which headings mean it.

    Attributes
    ----------
    name
        The contract's name of it.
    kind
        How a cell is read: `code` (text without loss of zeros), `flagged_code` (the same, never a person's number),
        `text`, `choice` (one of `choices`), `open_choice` (`choices` are other spellings; any short text will do),
        `count` (whole, from 0), `number` (finite, from 0), `coordinate` (of either sign), `date` and `time`.
    required
        Whether an empty cell is an error.
    aliases
        Other headings that mean this column, in Chinese first.
    longest
        The longest text, in characters.
    choices
        Spelling in the file to our value; compared without case and spaces.
    most
        The greatest figure that can be true.
    """

    name: str
    kind: ColumnKind
    required: bool = False
    aliases: tuple[str, ...] = ()
    longest: int = 200
    choices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    most: float = 1e9


@dataclass(frozen=True, slots=True)
class Layer:
    """The form of a layer: its columns, its geometry and what names a row.

    Attributes
    ----------
    name, title_zh
        The word on the command line and the Chinese word, which may also name a worksheet or a layer of the file.
    columns
        In the contract's order.
    geometry
        What its geometry may be, or None for a layer of plain rows.
    geometry_required
        Whether a row without geometry is an error.
    key
        The columns whose values together name a row; empty where rows have no name of their own.
    """

    name: LayerName
    title_zh: str
    columns: tuple[Column, ...]
    geometry: GeometryKind | None = None
    geometry_required: bool = False
    key: tuple[str, ...] = ("code",)

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(each for each in self.columns if each.name == name)


def _spellings(*groups: tuple[str, str]) -> Mapping[str, str]:
    """Return spelling → value from pairs of a value and its other spellings, separated by blanks."""
    table = {}
    for value, others in groups:
        for spelling in (value, *others.split()):
            table[spelling] = value
    return MappingProxyType(table)


LEVEL_SPELLINGS: Final = _spellings(
    ("district", "区县 区 县 county"),
    ("street", "街道 镇 乡 街道/镇 乡镇 township subdistrict"),
    ("community", "社区 村 居委会 社区/村 village"),
)
BARRIER_SPELLINGS: Final = _spellings(
    ("main_road", "主干道 主干路 次干道 快速路 高速公路 motorway trunk primary secondary motorway_link trunk_link"),
    ("railway", "铁路 轨道 rail light_rail"),
    ("river", "河流 河道 水系 canal"),
    ("wall", "围墙 墙 city_wall"),
    ("street", "街巷 支路 道路 小路 匝道 primary_link secondary_link tertiary tertiary_link residential unclassified"),
    ("street", "living_street service pedestrian road"),
    ("crossing", "通道 桥 桥梁 天桥 地道 门 gate bridge underpass"),
)  # fmt: skip
ESTATE_SPELLINGS: Final = _spellings(
    *((code, title.replace("(", " ").replace(")", "")) for code, title in ESTATE_TYPES.items()),
    ("commercial", "商品房 商品房小区"),
    ("old", "老旧"),
    ("unit", "单位小区 单位宿舍 家属院"),
    ("resettlement", "安置(公租) 安置小区 安置房 公租房"),
    ("bungalow", "平房"),
)
TIE_SPELLINGS: Final = _spellings(
    ("estate", "同小区 小区"),
    ("gate", "同门 同出入口 同大门"),
    ("steward", "同联户长 同楼栋长 联户长 楼栋长"),
    ("origin", "同来源 同安置 同单位"),
    ("imported", "导入 其他"),
)
GRID_SPELLINGS: Final = _spellings(
    ("residential", "居民 综合 居民网格 综合网格 基础网格"), ("dedicated", "专属 专属网格 专用 专用网格")
)
SITE_SPELLINGS: Final = _spellings(
    *DEDICATED_SITE_KINDS.items(),
    ("service_centre", "党群服务中心 服务中心 服务站 service_center"),
)
NET_SPELLINGS: Final = _spellings(
    ("police", "警务 警务网格 警务区 公安"), ("monitoring", "监测 监测网格 生态环境 网格监测")
)
TARGET_SPELLINGS: Final = _spellings(("grid", "网格"), ("property", "物业"))
CRS_SPELLINGS: Final = _spellings(
    ("wgs84", "wgs-84 epsg:4326 gps"),
    ("cgcs2000", "epsg:4490 国家2000 天地图"),
    ("gcj02", "gcj-02 火星坐标 高德 腾讯 amap"),
    ("bd09", "bd-09 百度 baidu"),
)
UNIT_SPELLINGS: Final = _spellings(
    ("hours", "小时 hour h"), ("working_hours", "工作小时 工作时"), ("working_days", "工作日 working_day")
)
DAY_SPELLINGS: Final = _spellings(("holiday", "节假日 放假 休 假"), ("workday", "调休 补班 上班 班 工作日"))

_CODE = Column("code", "code", required=True, aliases=("编码", "代码", "编号"), longest=64)
_NAME = Column("name", "text", required=True, aliases=("名称",))

LAYERS: Final[Mapping[LayerName, Layer]] = MappingProxyType(
    {
        "divisions": Layer(
            "divisions",
            "行政区划",
            (
                Column("code", "code", required=True, aliases=("编码", "代码", "区划代码"), longest=12),
                Column("name", "text", required=True, aliases=("名称", "区划名称")),
                Column("level", "choice", aliases=("级别", "层级"), choices=LEVEL_SPELLINGS),
                Column("parent", "code", aliases=("上级", "上级编码", "上级代码", "parent_code"), longest=12),
            ),
            geometry="polygon",
        ),
        "buildings": Layer(
            "buildings",
            "楼栋",
            (
                Column("code", "code", required=True, aliases=("编码", "楼栋编码", "楼栋代码", "楼栋编号"), longest=64),
                Column("name", "text", aliases=("名称", "楼栋名称", "楼号", "楼栋号", "楼栋")),
                Column("estate", "code", aliases=("小区", "小区编码", "小区代码", "小区名称"), longest=64),
                Column("address", "text", aliases=("地址", "门牌", "门牌地址", "标准地址"), longest=500),
                Column("floors", "count", aliases=("层数", "楼层数", "总层数", "地上层数"), most=300),
                Column("height_m", "number", aliases=("高度", "楼高", "建筑高度"), most=1000),
                Column("households", "count", aliases=("户数", "住户数", "总户数"), most=100_000),
                Column("use", "text", aliases=("用途", "房屋用途", "建筑用途"), longest=64),
            ),
            geometry="polygon",
            geometry_required=True,
        ),
        "aliases": Layer(
            "aliases",
            "别名",
            (
                Column("alias", "text", required=True, aliases=("别名", "俗称", "又名", "曾用名", "简称")),
                Column("code", "code", required=True, aliases=("编码", "小区编码", "楼栋编码", "代码"), longest=64),
            ),
            key=("alias", "code"),
        ),
        "households": Layer(
            "households",
            "户",
            (
                Column("code", "flagged_code", required=True, aliases=("编码", "户编码", "户编号", "户号"), longest=64),
                Column("building", "code", required=True, aliases=("楼栋", "楼栋编码", "楼栋编号"), longest=64),
                Column("size", "count", aliases=("人数", "户人数", "人口", "人口数"), most=1000),
            ),
        ),
        "barriers": Layer(
            "barriers",
            "分界线",
            (
                Column("kind", "choice", required=True, aliases=("类型", "类别", "种类"), choices=BARRIER_SPELLINGS),
                Column("name", "text", aliases=("名称", "道路名称")),
            ),
            geometry="line_or_point",
            geometry_required=True,
            key=(),
        ),
        "estates": Layer(
            "estates",
            "小区",
            (
                Column("code", "code", required=True, aliases=("编码", "小区编码", "小区代码"), longest=64),
                Column("name", "text", required=True, aliases=("名称", "小区名称", "小区")),
                Column("type", "choice", aliases=("类型", "小区类型"), choices=ESTATE_SPELLINGS),
                Column("property_company", "text", aliases=("物业", "物业公司", "物业企业")),
            ),
            geometry="polygon",
        ),
        "ties": Layer(
            "ties",
            "邻里关系",
            (
                Column("a", "code", required=True, aliases=("楼栋a", "楼栋1", "楼栋甲"), longest=64),
                Column("b", "code", required=True, aliases=("楼栋b", "楼栋2", "楼栋乙"), longest=64),
                Column("weight", "number", aliases=("权重",), most=1e6),
                Column("kind", "choice", aliases=("类型", "关系"), choices=TIE_SPELLINGS),
            ),
            key=("a", "b", "kind"),
        ),
        "grids": Layer(
            "grids",
            "网格",
            (
                Column("code", "code", aliases=("编码", "网格编码", "网格代码"), longest=15),
                Column("name", "text", aliases=("名称", "网格名称"), longest=50),
                Column("kind", "choice", aliases=("类型", "性质", "网格类型"), choices=GRID_SPELLINGS),
            ),
            geometry="polygon",
            geometry_required=True,
            key=(),
        ),
        "sites": Layer(
            "sites",
            "服务点",
            (
                _CODE,
                Column("kind", "open_choice", required=True, aliases=("类型",), longest=64, choices=SITE_SPELLINGS),
                _NAME,
                Column("area_m2", "number", aliases=("面积", "建筑面积"), most=1e9),
            ),
            geometry="polygon_or_point",
            geometry_required=True,
        ),
        "nets": Layer(
            "nets",
            "其他网格",
            (
                Column("net", "open_choice", required=True, aliases=("网", "类型"), longest=64, choices=NET_SPELLINGS),
                _CODE,
                Column("name", "text", aliases=("名称", "片区", "片区名称"), longest=64),
            ),
            geometry="polygon",
            geometry_required=True,
            key=("net", "code"),
        ),
        "posts": Layer(
            "posts",
            "网格岗位",
            (
                Column("grid", "code", required=True, aliases=("网格", "网格编码", "网格代码"), longest=15),
                Column("role", "text", required=True, aliases=("岗位", "角色", "职务"), longest=64),
                Column("name", "text", required=True, aliases=("姓名", "名称"), longest=64),
                Column("duty_phone", "text", aliases=("值班电话", "工作电话", "电话", "联系电话"), longest=32),
                Column("from", "date", aliases=("起", "开始", "开始日期", "任职日期")),
                Column("to", "date", aliases=("止", "结束", "结束日期", "离任日期")),
            ),
            key=("grid", "role", "name", "from"),
        ),
        "categories": Layer(
            "categories",
            "事项目录",
            (
                _CODE,
                _NAME,
                Column("parent", "code", aliases=("上级", "上级编码", "大类编码"), longest=64),
            ),
        ),
        "limits": Layer(
            "limits",
            "时限",
            (
                Column("category", "code", required=True, aliases=("事项编码", "类别", "事项", "编码"), longest=64),
                Column("urgency", "text", aliases=("紧急程度", "紧急度"), longest=50),
                Column("accept_within", "number", aliases=("接单时限", "受理时限"), most=10_000),
                Column("close_within", "number", aliases=("办结时限", "处置时限", "办理时限"), most=10_000),
                Column("unit", "choice", required=True, aliases=("单位", "时限单位"), choices=UNIT_SPELLINGS),
            ),
            key=("category", "urgency"),
        ),
        "holidays": Layer(
            "holidays",
            "节假日",
            (
                Column("date", "date", required=True, aliases=("日期",)),
                Column("kind", "choice", required=True, aliases=("类型", "类别"), choices=DAY_SPELLINGS),
                Column("name", "text", aliases=("名称", "节日"), longest=64),
            ),
            key=("date",),
        ),
        "reports": Layer(
            "reports",
            "诉求",
            (
                Column("source", "text", aliases=("来源", "渠道"), longest=64),
                Column("external_id", "code", required=True, aliases=("编号", "工单编号", "事件编号"), longest=128),
                Column("category", "text", aliases=("类别", "分类", "事项", "事项编码"), longest=100),
                Column("text", "text", aliases=("内容", "诉求内容", "描述"), longest=10_000),
                Column("lon", "coordinate", aliases=LON_HEADINGS[1:]),
                Column("lat", "coordinate", aliases=LAT_HEADINGS[1:]),
                Column("crs", "choice", aliases=("坐标系", "坐标系统"), choices=CRS_SPELLINGS),
                Column("accuracy_m", "number", aliases=("精度", "定位精度"), most=1e6),
                Column("address", "text", aliases=("地址", "地点"), longest=500),
                Column("building_code", "code", aliases=("楼栋", "楼栋编码"), longest=64),
                Column("target", "choice", aliases=("对象",), choices=TARGET_SPELLINGS),
                Column("reported_at", "time", aliases=("时间", "上报时间", "诉求时间", "受理时间")),
                Column("urgency", "text", aliases=("紧急程度", "紧急度"), longest=50),
                Column("grid_code", "code", aliases=("网格编码", "网格代码"), longest=64),
            ),
            geometry="point",
            key=(),
        ),
    }
)  # fmt: skip
