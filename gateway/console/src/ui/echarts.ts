// Of ECharts only what is drawn here. A chunk of its own, loaded when there is a chart to show.
import {BarChart} from 'echarts/charts';
import {GridComponent, LegendComponent, TooltipComponent} from 'echarts/components';
import {init, use, type EChartsCoreOption} from 'echarts/core';
import {CanvasRenderer} from 'echarts/renderers';

use([BarChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);
export {init, type EChartsCoreOption};
export type Drawing = ReturnType<typeof init>;
